//! Turns the text files that `scripts/lists.py` fetched into the finite-state tables of `lists/`.
//!
//! `build_lists FROM INTO` reads `FROM/domains.tsv` (domain, tab, `disposable` or `free`) and `FROM/roles.txt` (one
//! local part a line) and `FROM/areas.tsv` (digits, tab, name), all sorted by bytes, and writes `INTO/domains.fst`,
//! `INTO/roles.fst`, `INTO/areas.fst` and the names of the last, `INTO/areas.txt`. The meaning of the values is kept in
//! one place each: `galena::providers::lists::DomainKind`, `galena::providers::areas::Place`.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use galena::providers::areas::Place;
use galena::providers::lists::DomainKind;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(from), Some(into)) = (arguments.next(), arguments.next()) else {
        bail!("usage: build_lists FROM INTO");
    };
    let read = |name: &str| {
        let path = from.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let write = |name: &str| -> anyhow::Result<BufWriter<File>> {
        let path = into.join(name);
        Ok(BufWriter::new(File::create(&path).with_context(|| format!("cannot write {}", path.display()))?))
    };

    let mut domains = fst::MapBuilder::new(write("domains.fst")?)?;
    for line in read("domains.tsv")?.lines() {
        let (domain, kind) = line.split_once('\t').with_context(|| format!("no tab in {line:?}"))?;
        let kind = DomainKind::from_name(kind).with_context(|| format!("unknown kind in {line:?}"))?;
        domains.insert(domain, kind.code())?;
    }
    domains.finish()?;

    let mut roles = fst::SetBuilder::new(write("roles.fst")?)?;
    for role in read("roles.txt")?.lines() {
        roles.insert(role)?;
    }
    roles.finish()?;

    let mut areas = fst::MapBuilder::new(write("areas.fst")?)?;
    let (mut names, mut places) = (String::new(), HashMap::new());
    for line in read("areas.tsv")?.lines() {
        let (digits, name) = line.split_once('\t').with_context(|| format!("no tab in {line:?}"))?;
        let place = match places.get(name) {
            Some(place) => *place,
            None => {
                let place = Place::new(names.len(), name.len()).with_context(|| format!("too long: {line:?}"))?;
                names.push_str(name);
                places.insert(name.to_owned(), place);
                place
            }
        };
        areas.insert(digits, place.code())?;
    }
    areas.finish()?;
    write("areas.txt")?.write_all(names.as_bytes())?;
    Ok(())
}
