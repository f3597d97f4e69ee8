//! Running a command's async work, and stopping it at Ctrl-C.

use super::exit::{CliError, Exit};

/// Runs `work` to its end on a runtime of its own. At Ctrl-C it is dropped where it stands and the command ends with
/// 130; what was committed stays. `serve` has its own orderly stop and does not use this.
pub fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let failed = |error: std::io::Error| CliError::new(Exit::Failed, "INTERNAL", "cannot start", error.to_string());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        tokio::select! {
            result = work => result,
            signal = tokio::signal::ctrl_c() => match signal {
                Ok(()) => Err(CliError::interrupted()),
                Err(error) => Err(failed(error)),
            },
        }
    })
}
