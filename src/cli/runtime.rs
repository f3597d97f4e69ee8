//! Running a command's async work, and stopping it at Ctrl-C.

use super::exit::{CliError, Exit};

/// Runs `work` to its end on a runtime of its own. At Ctrl-C it is dropped where it stands and the command ends with
/// 130; what was committed stays. `serve` has its own orderly stop and does not use this.
pub fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    on_runtime(until_interrupted(work))
}

/// The same for work that handles Ctrl-C itself.
pub fn on_runtime<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?.block_on(work)
}

/// `work`, dropped where it stands at Ctrl-C.
pub async fn until_interrupted<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::select! {
        result = work => result,
        signal = tokio::signal::ctrl_c() => match signal {
            Ok(()) => Err(CliError::interrupted()),
            Err(error) => Err(failed(error)),
        },
    }
}

fn failed(error: std::io::Error) -> CliError {
    CliError::new(Exit::Failed, "INTERNAL", "cannot start", error.to_string())
}
