//! Compares the public items of the core, hidden ones left out, with the committed list of them: an item that is removed or changed breaks
//! the programs that use it, and one that is added is a promise.
//!
//! ```sh
//! cargo run --manifest-path .ci/public-api/Cargo.toml --locked             # compares
//! cargo run --manifest-path .ci/public-api/Cargo.toml --locked -- --write  # writes the list anew
//! ```

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let list = root.join("crates/carom/public-api.txt");
    let items = public_api::Builder::from_rustdoc_json(describe(&root)?)
        .omit_blanket_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .map_err(|error| format!("{error}; does the crate public-api know this compiler's rustdoc?"))?
        .to_string();
    if env::args().any(|argument| argument == "--write") {
        fs::write(&list, items)?;
        return Ok(ExitCode::SUCCESS);
    }
    let committed = fs::read_to_string(&list)?;
    let [before, now]: [BTreeSet<_>; 2] = [&committed, &items].map(|text| text.lines().collect());
    let gone = before.difference(&now).map(|item| format!("- {item}"));
    let new = now.difference(&before).map(|item| format!("+ {item}"));
    let changes: Vec<_> = gone.chain(new).collect();
    if changes.is_empty() {
        println!(
            "the {} public items of the core are those of {}",
            now.len(),
            list.display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "the public items of the core are not those of {}:\n{}\n\
         Where that is meant, write the list anew with --write, and say in CHANGELOG.md what a program has to change.",
        list.display(),
        changes.join("\n")
    );
    Ok(ExitCode::FAILURE)
}

/// Has rustdoc describe the core, with all its features, and returns the file. The form is unstable, so a stable compiler is told that
/// it may; nothing else is compiled that way, since the output goes into a folder of its own.
fn describe(root: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let target = root.join("target/public-api");
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "rustdoc",
            "--quiet",
            "--locked",
            "--package",
            "carom",
            "--lib",
            "--all-features",
            "--target-dir",
        ])
        .arg(&target)
        .args([
            "--",
            "-Z",
            "unstable-options",
            "--output-format",
            "json",
            "--cap-lints",
            "allow",
        ])
        .current_dir(root)
        .env("RUSTC_BOOTSTRAP", "1")
        .status()?;
    if !status.success() {
        return Err(format!("cargo rustdoc: {status}").into());
    }
    Ok(target.join("doc/carom.json"))
}
