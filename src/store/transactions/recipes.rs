//! Recipes: named mappings with options.

use serde_json::json;

use crate::domain::id::RecipeId;
use crate::store::records::recipe::Recipe;
use crate::store::tables::{RecipeNames, Recipes};
use crate::store::transactions::lists::name_key;
use crate::store::{
    Actor, Fact, Missing, Origin, Reads, Refusal, Reject, StoreError, Subject, Transaction, Tx, WorkspaceScope,
};

/// A recipe that is there.
pub fn recipe(reads: &impl Reads, scope: &WorkspaceScope, id: RecipeId) -> Result<Recipe, Refusal> {
    Ok(reads.get::<Recipes>(scope, (id,))?.ok_or(Reject::NotFound(Missing::Recipe))?)
}

/// The recipe that a user names by id or by name.
pub fn recipe_called(reads: &impl Reads, scope: &WorkspaceScope, called: &str) -> Result<Recipe, Refusal> {
    let id = match called.trim().parse::<RecipeId>() {
        Ok(id) => Some(id),
        Err(_) => named(reads, scope, called)?,
    };
    recipe(reads, scope, id.ok_or(Reject::NotFound(Missing::Recipe))?)
}

fn named(reads: &impl Reads, scope: &WorkspaceScope, name: &str) -> Result<Option<RecipeId>, StoreError> {
    reads.get::<RecipeNames>(scope, (name_key(name.trim()),))
}

/// Saves a recipe. Under a name that another has it takes that one's place, when `replace` says so.
#[derive(Debug, Clone)]
pub struct SaveRecipe {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    /// Of a new one.
    pub id: RecipeId,
    pub name: String,
    pub mapping: Vec<crate::store::records::import::PlannedColumn>,
    /// A JSON object.
    pub options: String,
    pub replace: bool,
}

impl Transaction for SaveRecipe {
    type Out = RecipeId;
    const NAME: &'static str = "recipes.save";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<RecipeId, Refusal> {
        if tx.has::<Recipes>(&self.scope, (self.id,))? {
            return Ok(self.id);
        }
        let existing = named(tx, &self.scope, &self.name)?;
        if existing.is_some() && !self.replace {
            return Err(Reject::Conflict("a recipe with this name exists".to_owned()).into());
        }
        let before = match existing {
            Some(id) => tx.get::<Recipes>(&self.scope, (id,))?,
            None => None,
        };
        let id = existing.unwrap_or(self.id);
        let made_by = match self.origin.actor {
            Actor::User(user) => Some(user),
            _ => None,
        };
        let row = Recipe {
            name: self.name.clone(),
            mapping: self.mapping.clone(),
            options: self.options.clone(),
            created_by: before.as_ref().map_or(made_by, |before| before.created_by),
            created_at: before.as_ref().map_or(self.origin.at, |before| before.created_at),
            updated_at: self.origin.at,
        };
        tx.put::<Recipes>(&self.scope, (id,), &row)?;
        tx.put::<RecipeNames>(&self.scope, (name_key(&self.name),), &id)?;
        let kind = if before.is_some() { "recipe.updated" } else { "recipe.created" };
        let told = |row: &Recipe| json!({ "name": row.name, "columns": row.mapping.len() });
        let fact = Fact::new(kind, Subject::recipe(id));
        tx.event(&self.scope, &self.origin, fact.change(before.as_ref().map(told).as_ref(), Some(&told(&row))))?;
        Ok(id)
    }
}

/// Deletes a recipe. Imports that used it keep what they were started with.
#[derive(Debug, Clone)]
pub struct DeleteRecipe {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: RecipeId,
}

impl Transaction for DeleteRecipe {
    type Out = ();
    const NAME: &'static str = "recipes.delete";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let row = recipe(tx, &self.scope, self.id)?;
        tx.remove::<Recipes>(&self.scope, (self.id,))?;
        tx.remove::<RecipeNames>(&self.scope, (name_key(&row.name),))?;
        let fact = Fact::new("recipe.deleted", Subject::recipe(self.id));
        tx.event(&self.scope, &self.origin, fact.change(Some(&json!({ "name": row.name })), None))?;
        Ok(())
    }
}
