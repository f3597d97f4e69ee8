//! Users, memberships and API keys against the tables that find them.

use super::report::{Code, Report};
use super::scan::each_install;
use crate::store::tables::{ApiKeyHashes, ApiKeys, InstallTable, Memberships, UserEmails, Users, Workspaces};
use crate::store::transactions::users::email_key;
use crate::store::{Reads, StoreError, View};

pub(super) fn compare(view: &View, report: &mut Report) -> Result<(), StoreError> {
    report.count("workspaces", view.raw().len(<Workspaces as InstallTable>::ID)?);
    users(view, report)?;
    keys(view, report)
}

fn users(view: &View, report: &mut Report) -> Result<(), StoreError> {
    each_install::<Users>(view, |(id,), user| {
        report.count("users", 1);
        if view.get_install::<UserEmails>((email_key(&user.email),))? != Some(id) {
            report.found(Code::UserEmailMissing, UserEmails::NAME, id, "the address does not lead to the user");
        }
        Ok(())
    })?;
    each_install::<UserEmails>(view, |(email,), id| {
        let user = view.get_install::<Users>((id,))?;
        if user.is_none_or(|user| email_key(&user.email) != email) {
            report.found(Code::UserEmailOrphan, UserEmails::NAME, id, "an address that the user does not have");
        }
        Ok(())
    })?;
    each_install::<Memberships>(view, |(user, workspace), _| {
        if view.get_install::<Users>((user,))?.is_none() {
            report.found(Code::MembershipOrphan, Memberships::NAME, user, format!("in {workspace}"));
        }
        Ok(())
    })
}

fn keys(view: &View, report: &mut Report) -> Result<(), StoreError> {
    each_install::<ApiKeys>(view, |(workspace, id), key| {
        report.count("apiKeys", 1);
        let place = view.get_install::<ApiKeyHashes>((key.hash,))?;
        let opens = place.is_some_and(|place| (place.workspace, place.key) == (workspace, id));
        if key.revoked_at.is_none() && !opens {
            report.found(Code::KeyHashMissing, ApiKeyHashes::NAME, id, "the secret of this key opens nothing");
        }
        Ok(())
    })?;
    each_install::<ApiKeyHashes>(view, |(hash,), place| {
        let key = view.get_install::<ApiKeys>((place.workspace, place.key))?;
        if key.is_none_or(|key| key.hash != hash || key.revoked_at.is_some()) {
            report.found(Code::KeyHashOrphan, ApiKeyHashes::NAME, place.key, "a secret that should open nothing");
        }
        Ok(())
    })
}
