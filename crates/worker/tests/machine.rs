//! What a node finds out about GPUs, by a library that stands in for the driver's.

#![expect(
    clippy::disallowed_methods,
    reason = "the compiler is no child of the product"
)]

use std::path::Path;
use std::process::Command;

use worker::machine::look;

#[test]
fn cards_are_found_and_a_lost_one_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libnvidia-ml.so.1");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nvml/recorded.c");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-w", "-o"])
        .arg(&library)
        .arg(source)
        .status();
    assert!(built.unwrap().success(), "cc is there where Rust links");

    let machine = look(folder.path(), 3, Some(library.as_os_str()));
    let [well, lost] = &machine.gpus[..] else {
        panic!("{machine:?}");
    };
    assert_eq!(well.name, "NVIDIA GeForce RTX 5090");
    assert_eq!((well.vram_mib, well.vram_free_mib), (32_607, 30_000));
    assert_eq!((well.busy_percent, well.encoder_sessions), (37, 2));
    assert_eq!(well.celsius, 0, "what a card doesn't tell is no illness");
    assert_eq!(well.sick, "");
    assert_ne!(well.uuid, lost.uuid);
    assert!(lost.sick.contains("fell off the bus"), "{lost:?}");
    assert_eq!(lost.vram_mib, 0);
    assert!(
        machine.kind.ends_with("NVIDIA GeForce RTX 5090"),
        "{}",
        machine.kind
    );
    assert_eq!(machine.slots, 3);
}
