# What a newcomer types. What a developer types every day is in the justfile.

TARGET := $(or $(CARGO_TARGET_DIR),target)
PREFIX ?= /usr/local
# Rust installed a minute ago is often not on PATH yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help demo test torture plants build install clean

help: ## Lists what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

demo: ## Installs what is missing and makes a first video, out/deep-sea
	@dev/setup
	cargo build --locked --profile release-lite -p ytempire
	$(TARGET)/release-lite/ytempire make examples/deep-sea.toml --out out/deep-sea --data-dir $(TARGET)/demo-data
	@echo "Your video:" && find out/deep-sea -name '*.mp4'

test: ## Runs every check and every test
	@dev/setup --test
	@cargo xtask test

torture: ## Cuts the power of a line, then breaks another in all ways there are; checks both
	@dev/setup --test
	cargo build --locked --profile release-lite -p ytempire -p torture
	$(TARGET)/release-lite/torture power --ytempire $(TARGET)/release-lite/ytempire $(POWER)
	$(TARGET)/release-lite/torture --ytempire $(TARGET)/release-lite/ytempire --seconds 440 \
	  --nodes 4 --kills 300 --points 3 --crashes 15 --stops 20 --shifts 8 --jumps 10 --cuts 4 \
	  --redis 10 --ready 50 $(ARGS)

plants: ## Plants known bugs into the program, one at a time: torture must notice each
	@dev/setup --test
	cargo build --locked -p ytempire --features planted
	install -D $(TARGET)/debug/ytempire $(TARGET)/planted/ytempire
	cargo build --locked -p ytempire -p torture
	$(TARGET)/debug/torture plants --ytempire $(TARGET)/planted/ytempire $(ARGS)

build: ## Builds the program, fully optimised
	@dev/setup
	cargo build --locked --release -p ytempire

install: build ## Copies the program to PREFIX (/usr/local)
	install -D -m 755 $(TARGET)/release/ytempire $(DESTDIR)$(PREFIX)/bin/ytempire

clean: ## Removes what was built; videos in out/ stay
	cargo clean
