//! The command line, one file per subcommand.
//!
//! A command parses into its own arguments, does its work and gives back a [`Report`] or a [`CliError`]; only the frame
//! here prints results and decides exit codes.

pub mod check;
pub mod client;
mod completions;
mod config_command;
pub mod context;
mod credits;
mod dedupe;
pub mod demo;
mod doctor;
pub mod enrich;
pub mod exit;
pub mod export;
pub mod health;
mod help;
mod house;
pub mod import;
pub mod init;
pub mod key;
pub mod logging;
mod normalize;
pub mod openapi;
pub mod output;
mod providers;
pub mod remote;
pub mod runtime;
pub mod search;
pub mod secret_input;
pub mod serve;
mod table;
mod usage;
pub mod user;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use self::context::{Context, Global};
use self::exit::{CliError, Exit};
use self::output::{Report, conclude};
use crate::config::Environment;

/// Galena: a self-hosted lead enrichment appliance
#[derive(Debug, Parser)]
#[command(name = "galena", version, propagate_version = true, disable_help_subcommand = true)]
pub struct CommandLine {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read a lead file into a list
    Import(Box<import::ImportArgs>),
    /// Show it all on a lead file, in a temporary data directory
    Demo(demo::DemoArgs),
    /// Enrich the leads of a list
    Enrich(enrich::EnrichArgs),
    /// Write the leads of a list into a file
    Export(export::ExportArgs),
    /// Hold store, ledger, index and files against each other
    Check(check::CheckArgs),
    /// Group the rows of a lead file by identity; needs no data directory
    Dedupe(dedupe::DedupeArgs),
    /// Bring values on standard input into their normal form, one a line; needs no data directory
    Normalize(normalize::NormalizeArgs),
    /// Find leads
    Search(search::SearchArgs),
    /// Show the providers, add one, try one
    Providers(providers::ProvidersArgs),
    /// Show the credits of the workspace
    Credits(credits::CreditsArgs),
    /// Manage the users
    User(user::UserArgs),
    /// Manage the API keys
    Key(key::KeyArgs),
    /// Start the server
    Serve(serve::ServeArgs),
    /// Prepare a data directory with its first owner, without a browser
    Init(init::InitArgs),
    /// Ask whether a server answers
    Health(health::HealthArgs),
    /// Look at what a start needs, and print reference pages
    Doctor(doctor::DoctorArgs),
    /// Print the description of the HTTP API
    Openapi(openapi::OpenapiArgs),
    /// Show or check the configuration
    Config(config_command::ConfigArgs),
    /// Print the completion script of a shell
    Completions(completions::CompletionsArgs),
    /// Explain the commands
    Help(help::HelpArgs),
}

fn dispatch(command: Command, context: &Context) -> Result<Report, CliError> {
    match command {
        Command::Import(args) => import::run(&args, context),
        Command::Demo(args) => demo::run(&args, context),
        Command::Enrich(args) => enrich::run(&args, context),
        Command::Export(args) => export::run(&args, context),
        Command::Check(args) => check::run(&args, context),
        Command::Dedupe(args) => dedupe::run(&args, context),
        Command::Normalize(args) => normalize::run(&args, context),
        Command::Search(args) => search::run(&args, context),
        Command::Providers(args) => providers::run(&args, context),
        Command::Credits(args) => credits::run(&args, context),
        Command::User(args) => user::run(&args, context),
        Command::Key(args) => key::run(&args, context),
        Command::Serve(args) => serve::run(args, context),
        Command::Init(args) => init::run(args, context),
        Command::Health(args) => health::run(args, context),
        Command::Doctor(args) => doctor::run(&args, context),
        Command::Openapi(args) => openapi::run(args),
        Command::Config(args) => config_command::run(args, context),
        Command::Completions(args) => completions::run(args),
        Command::Help(args) => help::run(&args),
    }
}

/// Parses, runs, prints. `arguments` begins with the name of the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: Environment) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match CommandLine::try_parse_from(&arguments) {
        Ok(CommandLine { global, command }) => {
            let context = Context::new(global, environment);
            conclude(dispatch(command, &context), context.reader())
        }
        Err(stopped) => usage::conclude(&stopped, &arguments),
    }
}
