//! What a workbook consists of: its sheets in order, where their parts are, which calendar it counts its days in.

use std::collections::HashMap;

use super::archive::Archive;
use super::error::WorkbookError;
use super::escapes::decoded;
use super::xml::Node;

/// A sheet with cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookSheet {
    pub name: String,
    pub is_hidden: bool,
    /// Name of its part.
    pub part: String,
}

#[derive(Debug, Default)]
pub struct Book {
    pub sheets: Vec<BookSheet>,
    /// Days are counted from 1904-01-01 and not from 1900.
    pub is_1904: bool,
    /// Name of the part with the shared strings.
    pub strings: Option<String>,
    /// Name of the part with the formats.
    pub styles: Option<String>,
}

/// From a part to another one.
#[derive(Debug, Clone)]
struct Relation {
    id: String,
    /// Last piece of its type: strict and transitional files differ only before it.
    kind: String,
    /// Name of the part it leads to.
    part: String,
}

impl Book {
    /// # Errors
    /// The archive is no workbook, or its list of sheets is damaged.
    pub fn read(archive: &mut Archive<'_>) -> Result<Self, WorkbookError> {
        let roots = relations(archive, "")?;
        let root = roots.into_iter().find(|relation| relation.kind == "officeDocument");
        let part = root.map_or_else(|| "xl/workbook.xml".to_owned(), |root| root.part);
        let relations = relations(archive, &part)?;
        let of_kind = |kind: &str| relations.iter().find(|relation| relation.kind == kind).map(|it| it.part.clone());
        let (strings, styles) = (of_kind("sharedStrings"), of_kind("styles"));
        let relations: HashMap<_, _> = relations.into_iter().map(|relation| (relation.id.clone(), relation)).collect();
        let mut book = Self { strings, styles, ..Self::default() };
        book.read_list(archive, &part, &relations)?;
        if book.sheets.is_empty() {
            return Err(WorkbookError::Empty { sheets: Vec::new() });
        }
        Ok(book)
    }

    fn read_list(
        &mut self,
        archive: &mut Archive<'_>,
        part: &str,
        relations: &HashMap<String, Relation>,
    ) -> Result<(), WorkbookError> {
        let missing = || WorkbookError::damaged(part, "the part with the list of sheets is missing");
        let mut xml = archive.small_part(part)?.ok_or_else(missing)?;
        let mut is_first = true;
        loop {
            match xml.next()? {
                Node::Open(tag) => {
                    if is_first && tag.name() != "workbook" {
                        return Err(WorkbookError::NotAWorkbook { found: "an office document of another kind" });
                    }
                    is_first = false;
                    match tag.name() {
                        "workbookPr" => tag.attributes(part, |name, value| {
                            self.is_1904 |= name == "date1904" && is_true(value);
                        })?,
                        "sheet" => {
                            let (mut sheet, mut id) = (BookSheet::nameless(), String::new());
                            tag.attributes(part, |name, value| match name {
                                "name" => sheet.name = decoded(value).into_owned(),
                                "state" => sheet.is_hidden = value != "visible",
                                "id" => value.clone_into(&mut id),
                                _ => {}
                            })?;
                            if let Some(relation) = relations.get(&id).filter(|relation| relation.kind == "worksheet") {
                                sheet.part.clone_from(&relation.part);
                                self.sheets.push(sheet);
                            }
                        }
                        _ => {}
                    }
                }
                Node::End => return Ok(()),
                _ => {}
            }
        }
    }

    /// The sheets to try: the one asked for by name or number from 1, or those that are not hidden.
    ///
    /// # Errors
    /// There is no such sheet.
    pub fn choose(&self, asked: Option<&str>) -> Result<Vec<BookSheet>, WorkbookError> {
        let Some(asked) = asked else {
            let shown: Vec<_> = self.sheets.iter().filter(|sheet| !sheet.is_hidden).cloned().collect();
            return Ok(if shown.is_empty() { self.sheets.clone() } else { shown });
        };
        let folded = asked.trim().to_lowercase();
        let exact = || self.sheets.iter().find(|sheet| sheet.name == asked);
        let alike = || self.sheets.iter().find(|sheet| sheet.name.trim().to_lowercase() == folded);
        let number = || self.sheets.get(folded.parse::<usize>().ok()?.checked_sub(1)?);
        match exact().or_else(alike).or_else(number) {
            Some(sheet) => Ok(vec![sheet.clone()]),
            None => {
                let sheets = self.sheets.iter().map(|sheet| sheet.name.clone()).collect();
                Err(WorkbookError::NoSuchSheet { asked: asked.to_owned(), sheets })
            }
        }
    }
}

impl BookSheet {
    fn nameless() -> Self {
        Self { name: String::new(), is_hidden: false, part: String::new() }
    }
}

/// As XML schema writes truth.
fn is_true(value: &str) -> bool {
    matches!(value, "1" | "true" | "on")
}

/// Where the relations of `part` lead; those of the archive itself for an empty name.
fn relations(archive: &mut Archive<'_>, part: &str) -> Result<Vec<Relation>, WorkbookError> {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    let name = if folder.is_empty() { format!("_rels/{file}.rels") } else { format!("{folder}/_rels/{file}.rels") };
    let Some(mut xml) = archive.small_part(&name)? else { return Ok(Vec::new()) };
    let mut relations = Vec::new();
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "Relationship" => {
                let (mut id, mut kind, mut target, mut is_outside) =
                    (String::new(), String::new(), String::new(), false);
                tag.attributes(&name, |name, value| match name {
                    "Id" => value.clone_into(&mut id),
                    "Type" => kind = value.rsplit('/').next().unwrap_or_default().to_owned(),
                    "Target" => value.clone_into(&mut target),
                    "TargetMode" => is_outside = value == "External",
                    _ => {}
                })?;
                if !is_outside {
                    relations.push(Relation { id, kind, part: resolved(folder, &target) });
                }
            }
            Node::End => return Ok(relations),
            _ => {}
        }
    }
}

/// The name of the part that `target` leads to from `folder`. Nothing is ever looked up outside the archive.
fn resolved(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let from = if target.starts_with('/') { "" } else { folder };
    let mut pieces: Vec<&str> = Vec::new();
    for piece in from.split('/').chain(target.split('/')) {
        match piece {
            "" | "." => {}
            ".." => drop(pieces.pop()),
            piece => pieces.push(piece),
        }
    }
    pieces.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_resolved_inside_the_archive() {
        assert_eq!(resolved("xl", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolved("xl", "/xl/worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolved("xl", "..\\xl/./styles.xml"), "xl/styles.xml");
        assert_eq!(resolved("xl", "../../../etc/passwd"), "etc/passwd");
    }

    #[test]
    fn a_sheet_is_asked_for_by_name_then_by_number() {
        let sheet = |name: &str, is_hidden| BookSheet { name: name.to_owned(), is_hidden, part: String::new() };
        let book = Book { sheets: vec![sheet("2", true), sheet("Leads", false)], ..Book::default() };
        let names = |asked| book.choose(asked).map(|found| found.into_iter().map(|it| it.name).collect::<Vec<_>>());
        assert_eq!(names(None).expect("sheets"), ["Leads"]);
        assert_eq!(names(Some("2")).expect("a name"), ["2"]);
        assert_eq!(names(Some("1")).expect("a number"), ["2"]);
        assert_eq!(names(Some(" leads")).expect("a name"), ["Leads"]);
        assert_eq!(names(Some("3")).expect_err("none").code(), "NO_SUCH_SHEET");
        assert_eq!(names(Some("0")).expect_err("none").code(), "NO_SUCH_SHEET");
    }
}
