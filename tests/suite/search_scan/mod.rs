//! Random searches over generated leads give what a plain scan gives: the same leads in the same order, the same total,
//! the same facets.
//!
//! The index has been written the way it is in use: several commits, leads changed and deleted since. Filters are judged
//! by `Filter::matches`, texts by a second reading of what they mean. `GALENA_SEARCH_LEADS`, `GALENA_SEARCH_QUESTIONS` and
//! `GALENA_SEARCH_SEED` change the run.

mod people;
mod questions;
mod reference;

use std::collections::{BTreeMap, HashMap};

use galena::domain::filter::Filter;
use galena::domain::id::Id;
use galena::domain::lead::Lead;
use galena::domain::text::fold;
use galena::search::*;

use self::people::{Chance, person};
use self::questions::{Question, Words};
use self::reference::Row;
use super::search_fixture::*;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

struct World {
    index: SearchIndex,
    /// The leads there are, with what free text looks at.
    rows: BTreeMap<u64, (Lead, Row)>,
}

impl World {
    fn new(chance: &mut Chance, count: u64) -> Self {
        let index = SearchIndex::in_ram().unwrap();
        let mut writer = index.writer(MEMORY).unwrap();
        let mut rows = BTreeMap::new();
        for step in 0..6 {
            let mut batch = Batch::new();
            for number in step * count / 6 + 1..=(step + 1) * count / 6 {
                rows.insert(number, person(chance, number));
                batch.add_new(LeadDocument::new(workspace(1), lead_id(number), &rows[&number]));
                // The same people of somebody else, who must not come up.
                batch.add_new(LeadDocument::new(workspace(2), lead_id(number + 1_000_000), &rows[&number]));
            }
            for _ in 0..count / 60 {
                let number = 1 + chance.below(((step + 1) * count / 6) as usize) as u64;
                if chance.one_in(2) {
                    rows.remove(&number);
                    batch.delete(lead_id(number));
                } else {
                    rows.insert(number, person(chance, number));
                    batch.upsert(LeadDocument::new(workspace(1), lead_id(number), &rows[&number]));
                }
            }
            writer.apply(batch).unwrap();
            writer.commit(&Checkpoint::new(0, 0, index.generation())).unwrap();
        }
        index.reload().unwrap();
        let rows = rows.into_iter().map(|(number, lead)| {
            let row = Row::new(&lead);
            (number, (lead, row))
        });
        Self { index, rows: rows.collect() }
    }

    fn expected(&self, question: &Question) -> Vec<u64> {
        let filter = question.filter.as_ref().map(|json| Filter::parse(json).unwrap());
        let found = self.rows.iter().filter(|(number, (lead, row))| {
            question.words.iter().all(|words| words.found_in(row))
                && question.list.is_none_or(|list| list == lead.list)
                && filter.as_ref().is_none_or(|filter| filter.matches(lead_id(**number), lead))
        });
        let mut found: Vec<u64> = found.map(|(number, _)| *number).collect();
        found.sort_by(|left, right| {
            let keys = question.sort.iter().map(|(name, down)| {
                let (left, right) = (key(&self.rows[left].0, name), key(&self.rows[right].0, name));
                match (&left, &right) {
                    (Some(left), Some(right)) if *down => right.cmp(left),
                    (Some(left), Some(right)) => left.cmp(right),
                    _ => left.is_none().cmp(&right.is_none()),
                }
            });
            keys.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| right.cmp(left))
        });
        found
    }

    /// All pages, the total that every page states, and the facets of the first.
    fn answered(&self, question: &Question) -> (Vec<u64>, u64, Vec<Facets>) {
        let mut request = question.request();
        let (mut ids, mut total, mut facets) = (Vec::new(), None, None);
        loop {
            let page =
                self.index.search(&everything(1), &request).unwrap_or_else(|error| panic!("{question:?}: {error}"));
            ids.extend(page.ids.iter().map(|id| id.as_u64()));
            assert_eq!(*total.get_or_insert(page.total), page.total, "{question:?}");
            let before = facets.get_or_insert_with(|| page.facets.clone());
            assert_eq!(*before, page.facets, "{question:?}");
            match page.next_cursor {
                Some(cursor) => request.after = Some(cursor),
                None => return (ids, total.unwrap_or_default(), facets.unwrap_or_default()),
            }
        }
    }

    fn check(&self, question: &Question) -> usize {
        let expected = self.expected(question);
        let (ids, total, facets) = self.answered(question);
        assert_eq!(total, expected.len() as u64, "the total of {question:?}");
        assert_eq!(ids, expected, "the leads of {question:?}");
        for facet in facets {
            self.check_facet(&facet, &expected);
        }
        expected.len()
    }

    fn check_facet(&self, facet: &Facets, expected: &[u64]) {
        let mut counts: HashMap<String, u64> = HashMap::new();
        for number in expected {
            for value in values(&self.rows[number].0, &facet.field.to_string()) {
                *counts.entry(value).or_default() += 1;
            }
        }
        let distinct = counts.len() as u64;
        let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
        counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        counts.truncate(MAX_FACET_BUCKETS);
        let found: Vec<(String, u64)> =
            facet.buckets.iter().map(|bucket| (bucket.value.clone(), bucket.count)).collect();
        assert_eq!((facet.distinct, found), (distinct, counts), "{}", facet.field);
        for bucket in &facet.buckets {
            let example = bucket.example.as_u64();
            assert!(expected.binary_search(&example).is_ok() || expected.contains(&example), "{bucket:?}");
            assert!(values(&self.rows[&example].0, &facet.field.to_string()).contains(&bucket.value), "{bucket:?}");
        }
    }
}

/// What a lead is sorted by: a number as text of one length, or the folded text.
fn key(lead: &Lead, name: &str) -> Option<String> {
    let number = |number: i64| Some(format!("{:020}", number + 1_000_000_000_000));
    match name {
        "qualityScore" => number(i64::from(lead.quality_score)),
        "createdAt" => number(lead.created_at.0),
        "updatedAt" => number(lead.updated_at.0),
        "enrichedAt" => lead.enriched_at.and_then(|at| number(at.0)),
        text => values(lead, text).into_iter().min(),
    }
}

fn values(lead: &Lead, name: &str) -> Vec<String> {
    use galena::domain::enriched_field::EnrichedField;
    use galena::domain::lead::LeadField;
    let of = |text: Option<&str>| text.map(fold).into_iter().collect::<Vec<_>>();
    match name {
        "tags" => lead.tags.iter().map(|tag| fold(tag)).collect(),
        "source" => of(lead.source.as_deref()),
        "enrichmentStatus" => of(Some(lead.enrichment_status.name())),
        "listId" => vec![lead.list.to_string()],
        "seniorityLevel" => of(lead.enriched_field(EnrichedField::SeniorityLevel)),
        "domain" => {
            let page = lead.field(LeadField::Website).and_then(|page| page.strip_prefix("https://www."));
            let host = page.and_then(|page| page.split('/').next());
            let email = lead.field(LeadField::Email).and_then(|email| email.split_once('@'));
            of(email.map(|(_, host)| host).or(host))
        }
        field => of(LeadField::from_name(field).and_then(|field| lead.field(field))),
    }
}

#[test]
fn random_searches_give_what_a_plain_scan_gives() {
    let mut chance = Chance(setting("GALENA_SEARCH_SEED", 7));
    let count = setting("GALENA_SEARCH_LEADS", 3_000);
    let asked = setting("GALENA_SEARCH_QUESTIONS", 500);
    let world = World::new(&mut chance, count);
    let (mut some, mut nothing) = (0, 0);
    for _ in 0..asked {
        let question = Question::any(&mut chance, &world.rows);
        match world.check(&question) {
            0 => nothing += 1,
            _ => some += 1,
        }
    }
    println!("{asked} questions over {count} leads: {some} found something, {nothing} nothing");
    assert!(some * 2 > asked, "the questions ask for too little: {some} of {asked} found something");
}

#[test]
fn every_lead_is_found_by_what_it_is_known_by() {
    let mut chance = Chance(setting("GALENA_SEARCH_SEED", 7));
    let world = World::new(&mut chance, setting("GALENA_SEARCH_LEADS", 3_000).min(3_000));
    for (number, (lead, _)) in world.rows.iter().step_by(31) {
        for words in Words::that_find(lead, &mut chance) {
            let question = Question { words: vec![words], ..Question::default() };
            assert!(world.expected(&question).contains(number), "{question:?} does not ask for {number}");
            world.check(&question);
        }
    }
}
