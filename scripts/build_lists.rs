//! Turns the text files that `scripts/lists.py` fetched into the finite-state tables of `lists/`.
//!
//! `build_lists FROM INTO` reads `FROM/domains.tsv` (domain, tab, `disposable` or `free`) and `FROM/roles.txt` (one
//! local part a line), both sorted by bytes, and writes `INTO/domains.fst` and `INTO/roles.fst`. The meaning of the
//! values is kept in one place, `galena::providers::lists::DomainKind`.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::PathBuf;

use anyhow::{Context, bail};
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
    Ok(())
}
