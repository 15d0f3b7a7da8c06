//! The binary's licences.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::process::Command;

#[test]
fn the_notices_name_every_crate_that_the_binary_contains() {
    let arguments = "tree --offline --locked --edges normal,no-proc-macro --prefix none --format {p}";
    let tree = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments.split(' '))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8_lossy(&tree.stdout);
    let crates = tree.lines().filter_map(|line| line.split(' ').next());
    let notices = include_str!("../../../THIRD-PARTY-NOTICES.md");
    let missing: Vec<_> = crates
        .filter(|name| !name.is_empty() && !name.starts_with("carom"))
        .filter(|name| !notices.contains(&format!("\n| {name} |")))
        .collect();
    assert!(missing.is_empty(), "THIRD-PARTY-NOTICES.md lacks {missing:?}");
}
