//! Companies against their domains and their leads.

use super::report::{Code, Report};
use super::scan::each;
use crate::store::tables::{Companies, CompanyDomains, CompanyLeads, Leads, TenantTable};
use crate::store::{Reads, StoreError, View, WorkspaceScope};

/// `linked`: how many leads name a company.
pub(super) fn compare(view: &View, linked: u64, report: &mut Report) -> Result<(), StoreError> {
    each::<Companies>(view, |workspace, (id,), company| {
        report.count("companies", 1);
        let scope = WorkspaceScope::of(workspace);
        if view.get::<CompanyDomains>(&scope, (company.domain.clone(),))? != Some(id) {
            report.found(Code::CompanyWrong, Companies::NAME, id, "its domain does not lead to it");
        }
        Ok(())
    })?;
    each::<CompanyDomains>(view, |workspace, (domain,), id| {
        let company = view.get::<Companies>(&WorkspaceScope::of(workspace), (id,))?;
        if company.is_none_or(|company| company.domain != domain) {
            report.found(
                Code::CompanyWrong,
                CompanyDomains::NAME,
                id,
                "a domain of this company that it does not have",
            );
        }
        Ok(())
    })?;
    if view.raw().len(<CompanyLeads as TenantTable>::ID)? != linked {
        each::<CompanyLeads>(view, |workspace, (company, id), ()| {
            let lead = view.get::<Leads>(&WorkspaceScope::of(workspace), (id,))?;
            if lead.is_none_or(|lead| lead.company != Some(company)) {
                let detail = format!("named by {company}, but the lead does not name it");
                report.found(Code::CompanyLinkWrong, CompanyLeads::NAME, id, detail);
            }
            Ok(())
        })?;
    }
    Ok(())
}
