# What a developer types. Anything with logic in it is an xtask.

# Lists the recipes.
default:
    @just --list --unsorted

# ── every day ──────────────────────────────────────────────────────────────────────────────

# Before each commit: format, lints, tidy, and the tests that take moments.
check:
    cargo xtask test --quick

# Everything that CI runs.
test:
    make test

# Only the tests that run the whole program, with real encoders.
slow:
    cargo nextest run --workspace --profile slow

# Kills, stops and crashes a line of many videos. `just torture --seed 7 --seconds 60`.
torture *args:
    cargo build -p ytempire -p torture
    cargo run -p torture -- --ytempire "${CARGO_TARGET_DIR:-target}/debug/ytempire" {{args}}

# Cuts the power of a line at work again and again. Needs root.
power *args:
    cargo build -p ytempire -p torture
    cargo run -p torture -- power --ytempire "${CARGO_TARGET_DIR:-target}/debug/ytempire" {{args}}

# Plants known bugs, one at a time, which torture must notice.
plants *args:
    make plants ARGS="{{args}}"

# ── one thing at a time ────────────────────────────────────────────────────────────────────

# Clippy, as strict as CI.
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Formats every file.
fmt:
    cargo fmt --all

# What neither rustc nor clippy can see: floors, sizes, pages, links.
tidy:
    cargo xtask tidy

# Licences, bans and sources of the dependencies. Needs cargo-deny.
deny:
    cargo deny check bans licenses sources

# ── look at it ─────────────────────────────────────────────────────────────────────────────

# Makes the example video.
demo:
    make demo

# Builds the API documentation, private items included.
docs:
    cargo doc --workspace --no-deps --document-private-items

# Measures us and the limits of the machine side by side.
bench *args:
    cargo run --release -p bench -- {{args}}
