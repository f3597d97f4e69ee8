//! What a job title says: how senior its holder is, and in which department.
//!
//! Words of the trade decide, in English, German, French, Spanish, Italian, Dutch and Portuguese. A title with several
//! parts (`Founder & CTO`, `VP of Sales and Marketing`) takes the highest level that one of them has; the department is
//! that of the most telling words, and of equally telling ones the first. Where no word tells, the level is `mid`, and
//! the department is `general_management` for executives, else `other`.

mod departments;
mod levels;
mod phrases;
mod words;

/// How senior somebody is (the five levels of PRD-11 appendix B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeniorityLevel {
    /// Interns, trainees, assistants, helpers.
    Entry,
    /// Everybody whose title says nothing else; also account, product and project managers.
    Mid,
    /// Senior specialists, leads, managers of a team, partners.
    Senior,
    /// Directors, heads of a department, vice presidents, presidents of a division.
    Executive,
    /// Chief officers, founders, owners, chairs and members of the board.
    CSuite,
}

impl SeniorityLevel {
    pub const ALL: [Self; 5] = [Self::Entry, Self::Mid, Self::Senior, Self::Executive, Self::CSuite];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Mid => "mid",
            Self::Senior => "senior",
            Self::Executive => "executive",
            Self::CSuite => "c-suite",
        }
    }
}

/// What part of a company somebody works in. The list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Department {
    GeneralManagement,
    Sales,
    BusinessDevelopment,
    Marketing,
    CustomerSuccess,
    Product,
    Engineering,
    It,
    Research,
    Design,
    Operations,
    Finance,
    Hr,
    Legal,
    Media,
    Education,
    Healthcare,
    Other,
}

impl Department {
    pub const ALL: [Self; 18] = [
        Self::GeneralManagement,
        Self::Sales,
        Self::BusinessDevelopment,
        Self::Marketing,
        Self::CustomerSuccess,
        Self::Product,
        Self::Engineering,
        Self::It,
        Self::Research,
        Self::Design,
        Self::Operations,
        Self::Finance,
        Self::Hr,
        Self::Legal,
        Self::Media,
        Self::Education,
        Self::Healthcare,
        Self::Other,
    ];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GeneralManagement => "general_management",
            Self::Sales => "sales",
            Self::BusinessDevelopment => "business_development",
            Self::Marketing => "marketing",
            Self::CustomerSuccess => "customer_success",
            Self::Product => "product",
            Self::Engineering => "engineering",
            Self::It => "it",
            Self::Research => "research",
            Self::Design => "design",
            Self::Operations => "operations",
            Self::Finance => "finance",
            Self::Hr => "hr",
            Self::Legal => "legal",
            Self::Media => "media",
            Self::Education => "education",
            Self::Healthcare => "healthcare",
            Self::Other => "other",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|department| department.name() == name)
    }
}

/// What a level was told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LevelSign {
    /// No word names a rank: it is taken for `mid`.
    None,
    Rank,
}

/// What a department was told by, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DepartmentSign {
    None,
    /// A word that only hints, or that other departments use too (`project`).
    Hint,
    /// A function (`finance`).
    Function,
    /// No word for a function but a high level, so it is the management.
    Level,
    /// A trade (`engineer`).
    Trade,
    /// The office of a chief, or a role above all departments (`founder`).
    Office,
}

/// What a title says of its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JobTitle {
    pub seniority_level: SeniorityLevel,
    pub level_sign: LevelSign,
    pub department: Department,
    pub department_sign: DepartmentSign,
}

impl JobTitle {
    /// Reads a title; `None` where it has no letter (`-`, `123`).
    pub fn read(title: &str) -> Option<Self> {
        if !title.chars().any(char::is_alphabetic) {
            return None;
        }
        let parts = words::parts(title);
        let (seniority_level, level_sign) = match levels::level(&parts) {
            Some(level) => (level, LevelSign::Rank),
            None => (SeniorityLevel::Mid, LevelSign::None),
        };
        let is_high = seniority_level >= SeniorityLevel::Executive;
        let (department, department_sign) = match departments::department(&parts) {
            Some(told) => told,
            None if is_high => (Department::GeneralManagement, DepartmentSign::Level),
            None => (Department::Other, DepartmentSign::None),
        };
        Some(Self { seniority_level, level_sign, department, department_sign })
    }
}

#[cfg(test)]
mod tests;
