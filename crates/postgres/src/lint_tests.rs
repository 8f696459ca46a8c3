//! The SQL of this crate uses nothing that engines which distribute PostgreSQL lack, and compares text bytewise.

use std::fs;
use std::path::{Path, PathBuf};

/// What is not to be used, in lower case, and why.
const BANNED: [(&str, &str); 14] = [
    ("listen ", "messages between sessions do not cross nodes"),
    ("notify", "messages between sessions do not cross nodes"),
    ("advisory", "advisory locks are of one node"),
    ("trigger", "nothing happens behind a statement's back"),
    ("plpgsql", "no code in the database"),
    ("create function", "no code in the database"),
    ("create procedure", "no code in the database"),
    (
        "skip locked",
        "not everywhere, and it would hide contention",
    ),
    ("serial", "numbers come from the heads"),
    ("nextval", "numbers come from the heads"),
    ("sequence", "numbers come from the heads"),
    ("temp table", "a session keeps no state"),
    ("temporary", "a session keeps no state"),
    (
        "savepoint",
        "one commit for a group, and no rollback of a part",
    ),
];

/// All files below a directory with this ending.
fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A file without its comments, in lower case, its line breaks and indents taken for one space.
fn statements(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.starts_with("//") && !line.starts_with("--"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    words.join(" ").to_lowercase()
}

fn migrations() -> Vec<PathBuf> {
    files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"),
        "sql",
    )
}

fn sources() -> Vec<PathBuf> {
    let all = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "rs");
    all.into_iter()
        .filter(|path| !path.ends_with("lint_tests.rs"))
        .collect()
}

#[test]
fn the_sql_is_for_every_postgresql() {
    let all: Vec<PathBuf> = migrations().into_iter().chain(sources()).collect();
    assert!(all.len() > 40, "the files are not found");
    let mut wrong = Vec::new();
    for path in all {
        // `isolation level …` has a word of its own for what is no number.
        let text = statements(&path).replace("serializ", "");
        for (banned, why) in BANNED {
            if text.contains(banned) {
                wrong.push(format!("{}: {banned:?}: {why}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn migrations_are_one_statement_each() {
    for path in migrations() {
        let text = statements(&path);
        assert_eq!(text.matches(';').count(), 1, "{}", path.display());
        assert!(text.ends_with(';'), "{}", path.display());
    }
}

#[test]
fn text_compares_bytewise() {
    for path in migrations() {
        let text = statements(&path);
        let columns = text.matches(" text").count() + text.matches(" varchar").count();
        let bytewise = text.matches(r#" text collate "c""#).count();
        assert_eq!(columns, bytewise, "{}", path.display());
    }
}

#[test]
fn tables_that_grow_are_led_by_their_partition() {
    for path in migrations() {
        let text = statements(&path);
        let grows = text.starts_with("create table") && !text.starts_with("create table meta");
        if grows {
            assert!(
                text.contains("primary key (partition, ")
                    || text.contains("primary key (partition)"),
                "{}",
                path.display()
            );
        }
        if let Some((_, on)) = text.split_once(" on ").filter(|_| text.contains(" index ")) {
            let (_, columns) = on.split_once('(').unwrap();
            assert!(columns.starts_with("partition, "), "{}", path.display());
        }
    }
}
