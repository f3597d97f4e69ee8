//! Providers that need no key: they are part of the program.

mod email;
mod mail_hosts;

pub use email::BuiltInEmail;
pub use mail_hosts::MailHosts;
