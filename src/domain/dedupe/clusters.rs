//! Rows joined to groups: union-find over candidates, with a look at the whole groups before two are joined by name.

use std::collections::HashMap;

use super::columns::RowIdentity;
use super::facts::{Mailbox, RowFacts, SharedKey, keys, mailboxes};
use super::rule::{ExactRule, PairRule, Reason};

/// Rows of one key that differ are compared with at most this many others: a number that a whole industry was given
/// does not make the work grow with its square.
const MAX_REPRESENTATIVES: usize = 64;

/// The rows are counted with 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {} rows", u32::MAX - 1)]
pub struct TooManyRows;

/// The two halves of a key, and the row: three numbers of four bytes need no filling.
type KeyOfRow = [u32; 3];

/// The rows that were read, until they are joined.
#[derive(Debug, Default)]
pub struct Grouping<R = ExactRule> {
    rule: R,
    facts: Vec<RowFacts>,
    mailboxes: Vec<Mailbox>,
    /// Where the mailboxes of each row end.
    mailbox_ends: Vec<usize>,
    /// By kind of key.
    keys: [Vec<KeyOfRow>; SharedKey::ALL.len()],
}

/// Which rows are the same lead.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clusters {
    /// By row; from 1, in the order in which the clusters first appear.
    pub ids: Vec<u32>,
    pub count: u32,
    /// Rows of the largest cluster.
    pub largest: u32,
    /// How many joints each reason made. Which of several reasons is counted depends on their order.
    pub joints: Vec<(Reason, u64)>,
}

impl Grouping {
    pub fn exact() -> Self {
        Self::default()
    }
}

impl<R: PairRule> Grouping<R> {
    /// With another rule for candidate pairs.
    pub fn with_rule(rule: R) -> Self {
        let keys = std::array::from_fn(|_| Vec::new());
        Self { rule, facts: Vec::new(), mailboxes: Vec::new(), mailbox_ends: Vec::new(), keys }
    }

    /// Notes the next row.
    ///
    /// # Errors
    /// The rows cannot be counted any more.
    pub fn add(&mut self, row: &RowIdentity) -> Result<(), TooManyRows> {
        let number = u32::try_from(self.facts.len()).ok().filter(|number| *number < u32::MAX).ok_or(TooManyRows)?;
        self.facts.push(RowFacts::of(row));
        self.mailboxes.extend(mailboxes(row));
        self.mailbox_ends.push(self.mailboxes.len());
        keys(row, |kind, key| self.keys[kind as usize].push([(key >> 32) as u32, key as u32, number]));
        Ok(())
    }

    /// Joins the rows.
    pub fn finish(mut self) -> Clusters {
        let mut groups = Groups::new(self.facts.len());
        let mut joints = Reason::ALL.map(|reason| (reason, 0));
        for kind in SharedKey::ALL {
            let mut keys = std::mem::take(&mut self.keys[kind as usize]);
            keys.sort_unstable();
            keys.dedup();
            for candidates in keys.chunk_by(|a, b| a[..2] == b[..2]).filter(|rows| rows.len() > 1) {
                self.join(candidates, kind, &mut groups, &mut joints);
            }
        }
        groups.into_clusters(joints.into())
    }

    /// Joins the rows that share one key, in the order of the file.
    fn join(&self, rows: &[KeyOfRow], kind: SharedKey, groups: &mut Groups, joints: &mut [(Reason, u64)]) {
        let mut representatives: Vec<u32> = Vec::new();
        for &[_, _, row] in rows {
            let facts = &self.facts[row as usize];
            let mut is_represented = false;
            for other in &representatives {
                let (other, known) = (*other, &self.facts[*other as usize]);
                if groups.root(row) == groups.root(other) {
                    is_represented |= facts == known;
                    continue;
                }
                let Some(reason) = self.rule.same(facts, known, kind) else { continue };
                if needs_no_confirmation(kind) || self.may_join(row, other, kind, groups) {
                    groups.join(row, other);
                    joints.iter_mut().filter(|(known, _)| *known == reason).for_each(|(_, count)| *count += 1);
                    is_represented |= facts == known || needs_no_confirmation(kind);
                }
            }
            if !is_represented && representatives.len() < MAX_REPRESENTATIVES {
                representatives.push(row);
            }
        }
    }

    /// Whether nothing tells the groups of two rows apart: a LinkedIn profile in both, personal mailboxes of one domain
    /// in both, for a shared number first names that contradict each other, for a company domains that do. (Were the
    /// profile or the mailbox the same one, the groups would be one already.)
    fn may_join(&self, a: u32, b: u32, kind: SharedKey, groups: &mut Groups) -> bool {
        let (a, b) = (groups.root(a), groups.root(b));
        for root in [a, b] {
            if !groups.seen.contains_key(&root) {
                let seen = self.look_at(groups.members(root));
                groups.seen.insert(root, seen);
            }
        }
        let (Some(a), Some(b)) = (groups.seen.get(&a), groups.seen.get(&b)) else { return false };
        let both_have_profiles = a.has_profile && b.has_profile;
        let share_domain = a.mail_domains.iter().any(|domain| b.mail_domains.binary_search(domain).is_ok());
        let names_differ =
            || a.names.iter().any(|name| b.names.iter().any(|other| self.fact(*name).names_differ(self.fact(*other))));
        let companies_differ = || {
            let is_known = |domain: &u64| b.company_domains.binary_search(domain).is_ok();
            !a.company_domains.is_empty() && !b.company_domains.is_empty() && !a.company_domains.iter().any(is_known)
        };
        let is_contradicted = match kind {
            SharedKey::Contact => names_differ(),
            SharedKey::NameAtCompany => companies_differ(),
            SharedKey::Profile | SharedKey::Mailbox | SharedKey::CompanySite => false,
        };
        !both_have_profiles && !share_domain && !is_contradicted
    }

    fn fact(&self, row: u32) -> &RowFacts {
        &self.facts[row as usize]
    }

    /// What tells a group from others.
    fn look_at(&self, rows: impl Iterator<Item = u32>) -> GroupFacts {
        let mut group = GroupFacts::default();
        for row in rows {
            let place = row as usize;
            group.has_profile |= self.facts[place].linkedin != 0;
            group.company_domains.extend(Some(self.facts[place].company_domain).filter(|domain| *domain != 0));
            let first = place.checked_sub(1).map_or(0, |before| self.mailbox_ends[before]);
            group.mail_domains.extend(self.mailboxes[first..self.mailbox_ends[place]].iter().map(|mail| mail.domain));
            if group.names.len() < MAX_REPRESENTATIVES {
                group.names.push(row);
            }
        }
        group.tidy();
        group
    }
}

const fn needs_no_confirmation(kind: SharedKey) -> bool {
    matches!(kind, SharedKey::Profile | SharedKey::Mailbox | SharedKey::CompanySite)
}

/// What tells a group from others.
#[derive(Debug, Default)]
struct GroupFacts {
    has_profile: bool,
    /// Sorted, as the next.
    mail_domains: Vec<u64>,
    company_domains: Vec<u64>,
    /// Rows with the names of the group.
    names: Vec<u32>,
}

impl GroupFacts {
    fn tidy(&mut self) {
        for domains in [&mut self.mail_domains, &mut self.company_domains] {
            domains.sort_unstable();
            domains.dedup();
        }
        self.names.sort_unstable();
        self.names.truncate(MAX_REPRESENTATIVES);
    }

    fn absorb(&mut self, other: Self) {
        self.has_profile |= other.has_profile;
        self.mail_domains.extend(other.mail_domains);
        self.company_domains.extend(other.company_domains);
        self.names.extend(other.names);
        self.tidy();
    }
}

/// Union-find; the root of a group is its first row.
struct Groups {
    parents: Vec<u32>,
    /// The rows of a group in a ring.
    next: Vec<u32>,
    /// By root, for groups that were looked at.
    seen: HashMap<u32, GroupFacts>,
}

impl Groups {
    fn new(rows: usize) -> Self {
        // `Grouping::add` has counted them.
        let each: Vec<u32> = (0..rows).map(|row| row as u32).collect();
        Self { parents: each.clone(), next: each, seen: HashMap::new() }
    }

    fn root(&mut self, row: u32) -> u32 {
        let mut row = row as usize;
        while self.parents[row] as usize != row {
            // Halves the path for the next who asks.
            self.parents[row] = self.parents[self.parents[row] as usize];
            row = self.parents[row] as usize;
        }
        row as u32
    }

    fn members(&self, row: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(row), move |at| Some(self.next[*at as usize]).filter(|next| *next != row))
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        let (first, second) = (a.min(b), a.max(b));
        if first == second {
            return;
        }
        self.parents[second as usize] = first;
        self.next.swap(first as usize, second as usize);
        // What is known of both is known of the whole; of one alone, of nothing.
        if let (Some(mut whole), Some(part)) = (self.seen.remove(&first), self.seen.remove(&second)) {
            whole.absorb(part);
            self.seen.insert(first, whole);
        }
    }

    fn into_clusters(mut self, joints: Vec<(Reason, u64)>) -> Clusters {
        let mut clusters = Clusters { joints, ..Clusters::default() };
        let mut sizes: Vec<u32> = Vec::new();
        for row in 0..self.parents.len() {
            // A root is the first row of its group, so its cluster has its number already.
            let root = self.root(row as u32) as usize;
            if root == row {
                sizes.push(0);
                clusters.count += 1;
                clusters.ids.push(clusters.count);
            } else {
                clusters.ids.push(clusters.ids[root]);
            }
            if let Some(size) = sizes.get_mut(clusters.ids[row] as usize - 1) {
                *size += 1;
                clusters.largest = clusters.largest.max(*size);
            }
        }
        clusters
    }
}
