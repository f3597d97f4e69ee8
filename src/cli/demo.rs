//! `galena demo`: a lead file goes in, clean, searchable, checked leads come out, in a data directory of its own.
//!
//! Every step is a file of `demo/`, and every one goes through the HTTP API, like any other program's. What is printed
//! comes from its answers; at the end `audit` holds each figure against other sources: the search index, the written
//! files, `galena check`. A figure that disagrees fails the demo.

mod audit;
mod enriching;
mod exporting;
mod figures;
mod importing;
mod job;
mod leads;
mod narration;
mod place;
mod playing;
mod reading;
mod searching;
mod summary;

use std::path::{Path, PathBuf};

use clap::Args;

use self::figures::Figures;
use self::narration::Narration;
use self::place::Place;
use super::client::Client;
use super::context::Context;
use super::exit::{CliError, Exit};
use super::output::{self, Reader, Report};
use super::runtime;

#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Your own lead file instead of the one that ships with Galena
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Keep the temporary data directory and say where it is
    #[arg(long)]
    pub keep: bool,
    /// Leave the server running afterwards
    #[arg(long)]
    pub serve: bool,
    /// Play through a paid enrichment as well: every provider is simulated, nothing leaves the box
    #[arg(long)]
    pub sandbox: bool,
}

/// # Errors
/// Exit 3 when the file cannot be read, 1 when a printed figure disagrees with the store.
pub fn run(args: &DemoArgs, context: &Context) -> Result<Report, CliError> {
    runtime::on_runtime(async {
        let place = runtime::until_interrupted(Place::prepare(args, context)).await?;
        let told = Narration::new(context.reader());
        let shown = runtime::until_interrupted(show(&place, &told, args.sandbox)).await;
        let result = match shown {
            Ok(figures) => end(args, context, &place, &figures).await,
            Err(error) => Err(error),
        };
        place.leave().await;
        result
    })
}

/// The demo itself.
async fn show(place: &Place, told: &Narration, sandbox: bool) -> Result<Figures, CliError> {
    let client = Client::of(place.house())?;
    let began = client.clock().monotonic();
    let file = place.file();
    let reading = reading::read(&client, told, &file).await?;
    let import = importing::import(&client, told, &file, place.output("rejected.csv")).await?;
    let enrichment = enriching::enrich(&client, told, &import.list_id).await?;
    let played = match sandbox {
        true => Some(playing::play(&client, told, &import.list_id).await?),
        false => None,
    };
    let leads = leads::Leads::all(&client, &import.list_id).await?;
    let searches = searching::search(&client, told, &leads, &import.list_id).await?;
    let facets = searching::facets(&client, told, &import.list_id, &enrichment).await?;
    let export = exporting::table(&client, told, &import.list_id, place.output("leads.csv")).await?;
    let workbook = exporting::workbook(&client, told, &import.list_id, place.output("leads.xlsx")).await?;
    let mut figures = Figures {
        file: reading,
        import,
        enrichment,
        played,
        leads: leads.count(),
        searches,
        facets,
        export,
        workbook,
        check: figures::Check::default(),
        seconds: 0.0,
        place: place.figures(),
    };
    figures.check = audit::audit(&client, &figures).await?;
    figures.seconds = (client.clock().monotonic() - began).as_secs_f64();
    Ok(figures)
}

/// Prints the figures, serves where asked, and fails where the figures disagree.
async fn end(args: &DemoArgs, context: &Context, place: &Place, figures: &Figures) -> Result<Report, CliError> {
    if !figures.check.ok {
        let detail = figures.check.disagreements.join("\n");
        return Err(CliError::new(Exit::Failed, "FIGURES_DISAGREE", "the demo's figures do not agree", detail));
    }
    let report = Report::new(figures, summary::text(figures))?;
    if !args.serve {
        return Ok(report);
    }
    output::conclude(Ok(report), context.reader());
    if context.reader() == Reader::Person {
        output::note("The server runs until you press Ctrl-C.");
    }
    place.serve().await?;
    Ok(Report::Written)
}

/// The name of a file without its folders.
fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
