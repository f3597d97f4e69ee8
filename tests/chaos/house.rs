//! A data directory and the processes that a scenario starts on it. Every process is ended by the scenario that started it,
//! by its own id.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::client::Client;

const BINARY: &str = env!("CARGO_BIN_EXE_galena");
const EMAIL: &str = "owner@example.com";
const PASSWORD: &str = "correct horse battery";
/// Nothing leaves the machine, and no caller is told to wait.
const QUIET: &[(&str, &str)] =
    &[("GALENA__ENRICHMENT__DNS_LOOKUP", "false"), ("GALENA__LIMITS__REQUESTS_PER_MINUTE", "0")];
/// Between two looks at something that is going on.
const LOOK: Duration = Duration::from_millis(3);
/// For anything that must come to an end; far above what a slow machine needs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with a data directory, and the log of all its processes.
pub struct House {
    folder: Option<tempfile::TempDir>,
    root: PathBuf,
    key: String,
    /// Environment of every process.
    settings: Vec<(&'static str, &'static str)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Finished {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
}

/// A process of the scenario.
pub struct Process {
    child: Child,
    log: PathBuf,
    /// Where the log of this process begins.
    log_from: u64,
}

/// A server that answers.
pub struct Served {
    process: Process,
    pub client: Client,
    /// From the start of the process until it said that it is ready.
    pub ready_after: Duration,
}

impl House {
    /// An empty folder: the data directory is not there yet.
    pub fn empty() -> Self {
        Self::empty_with(&[])
    }

    fn empty_with(settings: &[(&'static str, &'static str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("galena-chaos-").tempdir().expect("a folder");
        let root = folder.path().to_owned();
        std::fs::write(root.join("password"), PASSWORD).expect("a password file");
        let settings = [QUIET, settings].concat();
        Self { folder: Some(folder), root, key: String::new(), settings }
    }

    /// A data directory with its first owner, whose key is kept for the clients.
    pub async fn set_up() -> Self {
        Self::set_up_with(&[]).await
    }

    /// The same with an environment for all its processes.
    pub async fn set_up_with(settings: &[(&'static str, &'static str)]) -> Self {
        let mut house = Self::empty_with(settings);
        let made = house.run(&house.init_arguments()).await;
        assert_eq!(made.code, Some(0), "{}{}", made.stdout, house.log());
        let made: Value = serde_json::from_str(&made.stdout).expect("one JSON document");
        house.key = made["apiKey"].as_str().expect("a key").to_owned();
        house
    }

    pub fn init_arguments(&self) -> Vec<String> {
        let password = self.root.join("password").display().to_string();
        ["init", "--admin-email", EMAIL, "--admin-password-file", &password, "--json"].map(str::to_owned).to_vec()
    }

    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// A file beside the data directory.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Starts the program on the data directory. Its standard error goes to the log.
    pub fn start<A: AsRef<str>>(&self, arguments: &[A]) -> Process {
        let mut command = Command::new(BINARY);
        command.args(arguments.iter().map(AsRef::as_ref));
        self.start_as(command)
    }

    /// The same in a shell that first runs `preparation`, such as a limit.
    pub fn start_after<A: AsRef<str>>(&self, preparation: &str, arguments: &[A]) -> Process {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("{preparation}; exec \"$0\" \"$@\""), BINARY]);
        command.args(arguments.iter().map(AsRef::as_ref));
        self.start_as(command)
    }

    fn start_as(&self, mut command: Command) -> Process {
        let log = self.root.join("log");
        let file = OpenOptions::new().create(true).append(true).open(&log).expect("a log");
        let log_from = file.metadata().expect("a log").len();
        command
            .arg("--data-dir")
            .arg(self.data())
            .envs(self.settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(file));
        Process { child: command.spawn().expect("the program starts"), log, log_from }
    }

    /// Runs a command to its end.
    pub async fn run<A: AsRef<str>>(&self, arguments: &[A]) -> Finished {
        let mut process = self.start(arguments);
        // Read while it runs: a full pipe would stop it.
        let mut stdout = process.child.stdout.take().expect("a pipe");
        let reading = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).map(|_| text)
        });
        let status = process.ended().await;
        let stdout = reading.await.expect("read").expect("text");
        Finished { code: status.code(), stdout }
    }

    /// Starts the server and waits until it says that it is ready.
    pub async fn serve(&self) -> Served {
        self.answering(self.start(&["serve", "--listen", "127.0.0.1:0"])).await
    }

    /// Waits until the server in `process` says that it is ready.
    pub async fn answering(&self, mut process: Process) -> Served {
        let started = Instant::now();
        let base = loop {
            if let Some(base) = address_in(&process.said()) {
                break base;
            }
            if let Some(status) = process.child.try_wait().expect("a child") {
                panic!("the server ended with {status} before it listened:\n{}", process.said());
            }
            assert!(started.elapsed() < PATIENCE, "the server does not listen:\n{}", process.said());
            tokio::time::sleep(LOOK).await;
        };
        let client = Client::new(&base, &self.key);
        while !client.is_ready().await {
            assert!(started.elapsed() < PATIENCE, "the server does not become ready:\n{}", process.said());
            tokio::time::sleep(LOOK).await;
        }
        Served { process, client, ready_after: started.elapsed() }
    }

    /// Store, ledger, index and files agree, with or without a server on the directory.
    pub async fn check(&self) -> Value {
        let checked = self.run(&["check", "--json"]).await;
        assert_eq!(checked.code, Some(0), "check disagrees: {}\n{}", checked.stdout, self.log());
        serde_json::from_str(&checked.stdout).expect("one JSON document")
    }

    /// The end of the log of all processes so far.
    pub fn log(&self) -> String {
        let text = std::fs::read(self.root.join("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text[text.len().saturating_sub(8_000)..]).into_owned();
        format!("\nthe end of the log:\n{text}")
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        println!("{}", self.log());
        if std::env::var_os("GALENA_CHAOS_KEEP").is_some() {
            let kept = self.folder.take().map(tempfile::TempDir::keep);
            println!("the data directory is kept in {}", kept.as_deref().unwrap_or(Path::new("")).display());
        }
    }
}

impl Process {
    /// `SIGKILL`: it ends between two instructions.
    pub async fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.ended().await;
    }

    /// `SIGTERM`: it ends in order.
    pub fn ask_to_end(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it can be told");
    }

    /// Whether it has ended, and how.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child")
    }

    pub async fn ended(&mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.has_ended() {
                return status;
            }
            assert!(since.elapsed() < PATIENCE, "it does not end:\n{}", self.said());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What it wrote to its standard error.
    fn said(&self) -> String {
        let mut said = Vec::new();
        let read = File::open(&self.log).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.log_from))?;
            file.read_to_end(&mut said)
        });
        read.expect("its log");
        String::from_utf8_lossy(&said).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing is left behind by a scenario that failed; one that has ended already cannot be killed again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    pub async fn kill(self) {
        self.process.kill().await;
    }

    pub fn ask_to_end(&self) {
        self.process.ask_to_end();
    }

    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.process.has_ended()
    }

    pub async fn ended(&mut self) -> ExitStatus {
        self.process.ended().await
    }

    /// An orderly end.
    pub async fn stop(mut self) {
        self.ask_to_end();
        let status = self.ended().await;
        assert!(status.success(), "{status}\n{}", self.process.said());
    }
}

/// The server tells people where it is: `galena 0.1.0 at http://127.0.0.1:40123`.
fn address_in(said: &str) -> Option<String> {
    let line = said.lines().find(|line| line.starts_with("galena ") && line.contains(" at http://"))?;
    let (_, address) = line.split_once(" at ")?;
    // The line may be there only in part.
    said.contains(&format!("{line}\n")).then(|| address.trim().to_owned())
}
