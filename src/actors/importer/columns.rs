//! What every column of a file becomes, and what that rests on: the user's mapping, a recipe, what the workspace
//! remembers of files with the same titles, else titles and values. The first of these that speaks decides for all columns.

use serde::Serialize;

use super::layout::Layout;
use super::memory::MappingMemory;
use super::plan::ImportChoice;
use super::problem::FileProblem;
use crate::domain::header::{self, suggest_from};
use crate::domain::lead::LeadField;
use crate::domain::row::{Mapping, Target, unique_titles};
use crate::domain::text::trim_cell;
use crate::store::records::import::PlannedColumn;
use crate::store::transactions::mapping_memory::{Remember, TitleSet, spelling_key};

/// The titles of the two columns that a rejected file has behind its own; a re-import leaves them out.
pub const REJECTED_LINE: &str = "Rejected Line";
pub const REJECTED_REASON: &str = "Rejected Reason";

/// What the field of a column rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnOrigin {
    /// The mapping of the request.
    Chosen,
    Recipe,
    /// A mapping that somebody gave to an earlier file with the same titles.
    Memory,
    /// The words of the title.
    Header,
    /// The values of the column.
    Values,
}

/// What one column becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reason {
    pub origin: ColumnOrigin,
    /// 0 to 1.
    pub confidence: f32,
}

/// The decision for a whole file.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub mapping: Mapping,
    /// For each column; `None`: nothing speaks for a field.
    pub reasons: Vec<Option<Reason>>,
    /// Titles of the recipe that the file does not have.
    pub missing: Vec<String>,
}

/// Decides. `rows` are sampled rows of the file.
///
/// # Errors
/// The choice names a column or field that is not there, or the memory cannot be read.
pub fn decide(
    layout: &Layout,
    rows: &[Vec<String>],
    choice: &ImportChoice,
    memory: &dyn MappingMemory,
) -> Result<Decision, FileProblem> {
    let headers = layout.headers();
    if !choice.mapping.is_empty() || !choice.recipe.is_empty() {
        return by_choice(&headers, choice);
    }
    if layout.header_row.is_some()
        && let Some(titles) = title_set(&headers)
        && let Some(known) = memory.recall(titles)?
        && let Some(decision) = remembered(&headers, &known.columns)
    {
        return Ok(decision);
    }
    Ok(automatic(&headers, rows))
}

/// What an import with this choice leaves in the memory: a mapping of the user's own, for a file with titles.
pub fn to_remember(layout: &Layout, choice: &ImportChoice, columns: &[PlannedColumn]) -> Option<Remember> {
    if choice.mapping.is_empty() || layout.header_row.is_none() {
        return None;
    }
    let titles = title_set(&layout.headers())?;
    // By the titles as they stand: which of two equal ones gets a number depends on their order.
    let as_they_stand = |(title, column): (&&str, &PlannedColumn)| PlannedColumn {
        title: trim_cell(title).to_owned(),
        field: column.field.clone(),
    };
    let headers = layout.headers();
    let columns = headers.iter().zip(columns).filter(|(title, _)| !is_ours(title)).map(as_they_stand);
    Some(Remember { titles, columns: columns.collect() })
}

/// A file of rejected rows counts as the file they came from.
fn title_set(headers: &[&str]) -> Option<TitleSet> {
    let theirs: Vec<&str> = headers.iter().copied().filter(|title| !is_ours(title)).collect();
    TitleSet::of(&theirs)
}

fn is_ours(title: &str) -> bool {
    title == REJECTED_LINE || title == REJECTED_REASON
}

fn by_choice(headers: &[&str], choice: &ImportChoice) -> Result<Decision, FileProblem> {
    let titles = unique_titles(headers);
    let places = places(&titles, choice.recipe.iter().map(|(title, _)| title.as_str()));
    let taken: Vec<Option<Target>> = choice.mapping.iter().map(|(_, field)| Target::parse(field).ok()).collect();
    let is_free = |field: &str| {
        Target::parse(field).is_ok_and(|target| target == Target::Ignore || !taken.contains(&Some(target)))
    };
    let (mut pairs, mut missing) = (Vec::new(), Vec::new());
    let mut reasons = vec![None; titles.len()];
    for ((title, field), place) in choice.recipe.iter().zip(&places) {
        match place {
            Some(place) if is_free(field) => {
                pairs.push((titles[*place].as_str(), field.as_str()));
                reasons[*place] = Some(Reason { origin: ColumnOrigin::Recipe, confidence: 1.0 });
            }
            Some(_) => {}
            None => missing.push(title.clone()),
        }
    }
    pairs.extend(choice.mapping.iter().map(|(title, field)| (title.as_str(), field.as_str())));
    let mut mapping = Mapping::chosen(headers, pairs.iter().copied())?;
    if choice.mapping.is_empty() {
        mapping = without_ours(headers, mapping)?;
    }
    for (title, _) in &choice.mapping {
        let named = headers.iter().position(|known| known == title);
        let named = named.or_else(|| titles.iter().position(|known| known == title.trim()));
        if let Some(place) = named {
            reasons[place] = Some(Reason { origin: ColumnOrigin::Chosen, confidence: 1.0 });
        }
    }
    Ok(Decision { mapping, reasons, missing })
}

/// `None` when the remembered columns do not fit after all.
fn remembered(headers: &[&str], known: &[PlannedColumn]) -> Option<Decision> {
    let titles = unique_titles(headers);
    let written: Vec<String> = headers.iter().map(|title| trim_cell(title).to_owned()).collect();
    let places = places(&written, known.iter().map(|column| column.title.as_str()));
    let mut pairs = Vec::with_capacity(known.len());
    let mut reasons = vec![None; titles.len()];
    for (column, place) in known.iter().zip(places) {
        let place = place?;
        pairs.push((titles[place].as_str(), column.field.as_str()));
        reasons[place] = Some(Reason { origin: ColumnOrigin::Memory, confidence: 1.0 });
    }
    let ours = titles.iter().filter(|title| is_ours(title)).map(|title| (title.as_str(), ""));
    let mapping = Mapping::chosen(headers, pairs.iter().copied().chain(ours)).ok()?;
    Some(Decision { mapping, reasons, missing: Vec::new() })
}

fn automatic(headers: &[&str], rows: &[Vec<String>]) -> Decision {
    let mut suggestions = suggest_from(headers, rows);
    believe_own_titles(headers, &mut suggestions);
    let reason = |found: &header::Suggestion| Reason {
        origin: match found.origin {
            header::Origin::Header => ColumnOrigin::Header,
            header::Origin::Values => ColumnOrigin::Values,
        },
        confidence: found.confidence,
    };
    let reasons = suggestions.iter().map(|found| found.as_ref().map(reason)).collect();
    let mapping = Mapping::suggested(headers, &suggestions);
    let mapping = without_ours(headers, mapping.clone()).unwrap_or(mapping);
    Decision { mapping, reasons, missing: Vec::new() }
}

/// A file with several titles as only the API spells them is an export of ours: then such a title says what its column
/// holds, whatever stands in it, and what has another title is a custom field.
fn believe_own_titles(headers: &[&str], suggestions: &mut [Option<header::Suggestion>]) {
    if !header::are_of_an_export(headers) {
        return;
    }
    let own: Vec<Option<LeadField>> = headers.iter().map(|title| LeadField::from_name(trim_cell(title))).collect();
    for (place, found) in suggestions.iter_mut().enumerate() {
        let by_title = own[place].filter(|field| !own[..place].contains(&Some(*field)));
        *found = match by_title {
            Some(field) => Some(header::Suggestion { field, confidence: 1.0, origin: header::Origin::Header }),
            None => found.filter(|found| found.origin == header::Origin::Header && !own.contains(&Some(found.field))),
        };
    }
}

fn without_ours(headers: &[&str], mapping: Mapping) -> Result<Mapping, FileProblem> {
    if !mapping.titles().iter().any(|title| is_ours(title)) {
        return Ok(mapping);
    }
    let target = |(title, target): (&String, &Target)| {
        let name = if is_ours(title) { String::new() } else { target.name() };
        (title.clone(), name)
    };
    let columns: Vec<(String, String)> = mapping.titles().iter().zip(mapping.targets()).map(target).collect();
    let pairs = columns.iter().map(|(title, field)| (title.as_str(), field.as_str()));
    Ok(Mapping::chosen(headers, pairs)?)
}

/// The column of each of `wanted` among `titles`, each given once: the one written alike, else one spelled alike.
fn places<'w>(titles: &[String], wanted: impl Iterator<Item = &'w str>) -> Vec<Option<usize>> {
    let wanted: Vec<&str> = wanted.collect();
    let mut free = vec![true; titles.len()];
    let mut take = |is: &dyn Fn(usize) -> bool| {
        let place = (0..titles.len()).find(|place| free[*place] && is(*place))?;
        free[place] = false;
        Some(place)
    };
    let mut places: Vec<Option<usize>> = wanted.iter().map(|title| take(&|place| titles[place] == *title)).collect();
    let keys: Vec<String> = titles.iter().map(|title| spelling_key(title)).collect();
    for (title, place) in wanted.iter().zip(&mut places).filter(|(_, place)| place.is_none()) {
        let key = spelling_key(title);
        *place = take(&|place| keys[place] == key);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::importer::layout::{LayoutChoice, layout};
    use crate::actors::importer::memory::NoMemory;
    use crate::actors::importer::source::Opened;
    use crate::store::records::recipe::RememberedMapping;

    fn laid_out(file: &str) -> Layout {
        layout(&Opened::text(file.as_bytes()), &LayoutChoice::default()).expect("a layout")
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(title, field)| ((*title).to_owned(), (*field).to_owned())).collect()
    }

    fn fields(decision: &Decision) -> Vec<String> {
        decision.mapping.targets().map(Target::name).collect()
    }

    fn columns(decision: &Decision) -> Vec<PlannedColumn> {
        let titles = decision.mapping.titles().iter().cloned();
        titles.zip(fields(decision)).map(|(title, field)| PlannedColumn { title, field }).collect()
    }

    /// Remembers one file.
    struct One(TitleSet, RememberedMapping);

    impl MappingMemory for One {
        fn recall(&self, titles: TitleSet) -> Result<Option<RememberedMapping>, FileProblem> {
            Ok((titles == self.0).then(|| self.1.clone()))
        }
    }

    #[test]
    fn titles_of_an_export_are_believed_whatever_stands_below() {
        let rows = [["yes", "0", "=x", "+49 30 1234567"].map(str::to_owned).to_vec()];
        let auto = ImportChoice::default();
        let found = |file| fields(&decide(&laid_out(file), &rows, &auto, &NoMemory).expect("a decision"));
        assert_eq!(
            found("companyName,jobTitle,city,Fair\nyes,0,=x,+49 30 1234567\n"),
            ["companyName", "jobTitle", "city", "customFields.Fair"]
        );
        assert_eq!(found("Email,Nobody,city,Fair\nyes,0,=x,+49 30 1234567\n")[0], "customFields.Email");
    }

    #[test]
    fn the_titles_of_a_corrected_file_are_known_again_in_any_order() {
        let first = laid_out("Mail,Who,Fair,Who\na@x.example,Ada,Ulm,x\n");
        let mapping = pairs(&[("Mail", "email"), ("Who", "fullName"), ("Fair", ""), ("Who (2)", "customFields.Other")]);
        let choice = ImportChoice { mapping, ..ImportChoice::default() };
        let decided = decide(&first, &[], &choice, &NoMemory).expect("a decision");
        let remember = to_remember(&first, &choice, &columns(&decided)).expect("something to remember");
        let memory = One(remember.titles, RememberedMapping { columns: remember.columns, ..Default::default() });
        let auto = ImportChoice::default();
        for (file, expected) in [
            ("Fair,WHO,Who,mail\n,,,x\n", ["", "customFields.Other", "fullName", "email"]),
            ("fair,Who,who,Mail\n,,,x\n", ["", "fullName", "customFields.Other", "email"]),
        ] {
            let decided = decide(&laid_out(file), &[], &auto, &memory).expect("a decision");
            assert_eq!(fields(&decided), expected);
            assert!(decided.reasons.iter().flatten().all(|reason| reason.origin == ColumnOrigin::Memory));
        }
        let rejected = laid_out("Mail,Who,Fair,Who,Rejected Line,Rejected Reason\nx,y,z,w,2,because\n");
        let decided = decide(&rejected, &[], &auto, &memory).expect("a decision");
        assert_eq!(fields(&decided), ["email", "fullName", "", "customFields.Other", "", ""]);
        // Another set of titles is another file, and a mapping of its own always wins.
        let other = decide(&laid_out("Mail,Who,Fair,Who,City\nx,y,z,w,v\n"), &[], &auto, &memory).expect("a decision");
        assert_eq!(fields(&other)[4], "city");
        assert!(other.reasons.iter().flatten().all(|reason| reason.origin == ColumnOrigin::Header));
        let told = ImportChoice { mapping: pairs(&[("Fair", "city")]), ..ImportChoice::default() };
        assert_eq!(fields(&decide(&first, &[], &told, &memory).expect("a decision"))[2], "city");
        assert!(to_remember(&first, &auto, &columns(&decided)).is_none(), "nobody chose");
    }

    #[test]
    fn a_recipe_maps_what_is_there_and_yields_to_the_request() {
        let file = laid_out("E-Mail,Who,Fair,City\na@x.example,Ada,Ulm,Bonn\n");
        let recipe =
            pairs(&[("email", "email"), ("Who", "fullName"), ("Fair", "customFields.Event"), ("Gone", "phone")]);
        let choice = ImportChoice { recipe: recipe.clone(), ..ImportChoice::default() };
        let decided = decide(&file, &[], &choice, &NoMemory).expect("a decision");
        assert_eq!(fields(&decided), ["email", "fullName", "customFields.Event", "customFields.City"]);
        assert_eq!((decided.missing.as_slice(), decided.reasons[3]), (["Gone".to_owned()].as_slice(), None));
        let choice = ImportChoice { recipe, mapping: pairs(&[("City", "fullName")]), ..ImportChoice::default() };
        let decided = decide(&file, &[], &choice, &NoMemory).expect("a decision");
        assert_eq!(fields(&decided), ["email", "customFields.Who", "customFields.Event", "fullName"]);
    }
}
