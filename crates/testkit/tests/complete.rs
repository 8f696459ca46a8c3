//! The macro of the contract suite names every case: one that it forgets would be no test anywhere.

use std::path::{Path, PathBuf};
use std::{fs, io};

#[test]
fn every_case_is_in_the_macro() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/contract");
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let (stores, desks) = (read(&folder.join("mod.rs")), read(&folder.join("desk.rs")));
    let mut cases = 0;
    for file in files(&folder).unwrap() {
        let text = read(&file);
        // Relays and desks have lists of their own.
        let list = match file.strip_prefix(&folder).unwrap() {
            own if own == "relays.rs" => &text,
            desk if desk.with_extension("").starts_with("desk") => &desks,
            _ => &stores,
        };
        for rest in text.split("\npub ").skip(1) {
            let declared = rest
                .strip_prefix("async ")
                .unwrap_or(rest)
                .strip_prefix("fn ");
            let case = declared.and_then(|rest| {
                let plain = rest.split_once("<D: Database>()");
                plain
                    .or_else(|| rest.split_once("<D: RelayDatabase>()"))
                    .or_else(|| rest.split_once("<D: DeskDatabase>()"))
            });
            let Some((case, _)) = case else {
                continue;
            };
            let named = list.split_whitespace().any(|word| word == case);
            assert!(named, "{case} is not in store_contract!");
            cases += 1;
        }
    }
    assert!(cases > 130, "the cases are where this test looks for them");
}

/// All files of a folder and of those in it.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
