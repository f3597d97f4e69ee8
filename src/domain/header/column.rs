//! What the sampled cells of one column have in common.

use std::collections::{HashMap, HashSet};

use super::look::{Look, look};
use crate::domain::email::Email;
use crate::domain::text::{fold, trim_cell};

/// How many filled cells of a column are looked at.
const MOST_CELLS: usize = 200;

/// The sampled cells of a column.
#[derive(Debug, Default)]
pub(super) struct Column {
    looks: HashMap<Look, usize>,
    /// Filled cells that were looked at.
    filled: usize,
    /// Of the rows that were sampled, 0 to 1; 1 where there are no rows.
    pub(super) fill: f32,
    different: usize,
    role_addresses: usize,
    domains: usize,
}

impl Column {
    pub(super) fn of<'c>(cells: impl Iterator<Item = &'c str>, rows: usize) -> Self {
        let filled: Vec<&str> = cells.map(trim_cell).filter(|cell| !cell.is_empty()).collect();
        let fill = if rows == 0 { 1.0 } else { filled.len() as f32 / rows as f32 };
        let mut column = Self { fill, ..Self::default() };
        let (mut values, mut domains) = (HashSet::new(), HashSet::new());
        for cell in filled.into_iter().take(MOST_CELLS) {
            let look = look(cell);
            if look == Look::Email
                && let Ok(address) = Email::parse(cell)
            {
                column.role_addresses += usize::from(address.is_role());
                domains.insert(address.domain().to_owned());
            }
            values.insert(fold(cell));
            *column.looks.entry(look).or_default() += 1;
            column.filled += 1;
        }
        column.different = values.len();
        column.domains = domains.len();
        column
    }

    /// How many filled cells were looked at.
    pub(super) fn len(&self) -> usize {
        self.filled
    }

    /// The share of the filled cells that look like one of `looks`, 0 to 1; 0 for an empty column.
    pub(super) fn share(&self, looks: &[Look]) -> f32 {
        let count: usize = looks.iter().filter_map(|look| self.looks.get(look)).sum();
        if self.filled == 0 { 0.0 } else { count as f32 / self.filled as f32 }
    }

    /// The share of the cells for which `is` holds.
    pub(super) fn share_where(&self, is: impl Fn(Look) -> bool) -> f32 {
        let count: usize = self.looks.iter().filter(|(look, _)| is(**look)).map(|(_, count)| count).sum();
        if self.filled == 0 { 0.0 } else { count as f32 / self.filled as f32 }
    }

    /// How many of the values are different from each other, 0 to 1; 1 for an empty column.
    pub(super) fn variety(&self) -> f32 {
        if self.filled == 0 { 1.0 } else { self.different as f32 / self.filled as f32 }
    }

    /// Whether its addresses are those of different people at different places: not those of one's own colleagues.
    pub(super) fn is_of_many(&self) -> bool {
        self.variety() >= 0.9 && (self.filled < 3 || self.domains >= 2)
    }

    /// The share of addresses that belong to a role (`info@`) and not to a person.
    pub(super) fn role_share(&self) -> f32 {
        if self.filled == 0 { 0.0 } else { self.role_addresses as f32 / self.filled as f32 }
    }
}
