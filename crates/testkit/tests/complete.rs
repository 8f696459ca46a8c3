//! The macro of the contract suite names every case: one that it forgets would be no test anywhere.

use std::fs;
use std::path::Path;

#[test]
fn every_case_is_in_the_macro() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/contract");
    let list = fs::read_to_string(folder.join("mod.rs")).unwrap();
    let mut cases = 0;
    for file in fs::read_dir(&folder).unwrap() {
        let file = file.unwrap().path();
        let text = fs::read_to_string(&file).unwrap();
        let list = if file.ends_with("relays.rs") || file.ends_with("desk.rs") {
            &text
        } else {
            &list
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
