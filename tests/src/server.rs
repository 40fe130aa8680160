//! A server as a child process: started on a free port, stopped, killed and started again on the same data.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Result,
    api::{Api, Base},
    pause,
};

/// The admin token that servers are started with.
pub const ADMIN_TOKEN: &str = "plg_admin-of-the-tests";
/// The webhook secret that servers are started with.
pub const WEBHOOK_SECRET: &str = "It's a Secret to Everybody";

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(45);

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Launch {
    binary: PathBuf,
    data_dir: PathBuf,
    args: Vec<OsString>,
    env: Vec<(String, Option<String>)>,
}

/// A server that runs; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    base: String,
    stderr: Stderr,
    launch: Launch,
}

/// What the server wrote to stderr so far.
#[derive(Debug, Clone, Default)]
struct Stderr(Arc<(Mutex<Vec<String>>, Condvar)>);

/// Finds the program `name`: the path in the environment variable `variable`, or the one that the same build put beside this
/// one.
///
/// # Errors
/// If there is none, with the command that builds it.
pub fn find_binary(name: &str, variable: &str) -> Result<PathBuf> {
    if let Some(path) = env::var_os(variable) {
        return Ok(path.into());
    }
    let here = env::current_exe()?;
    let folders = here.ancestors().skip(1).take(2);
    let candidates = folders.flat_map(|folder| [folder.join(name), folder.join("examples").join(name)]);
    candidates.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        format!(
            "no `{name}` beside {}: build it with `cargo build --workspace --bins --examples`, or name it in {variable}",
            here.display()
        )
        .into()
    })
}

impl Launch {
    /// The plugin-server binary of this build, on `data_dir`.
    ///
    /// # Errors
    /// If it was not built.
    pub fn plugin_server(data_dir: &Path) -> Result<Self> {
        Ok(Self::of(find_binary("plugin-server", "SERVER_UNDER_TEST")?, data_dir))
    }

    /// The server `binary`, on `data_dir`.
    pub fn of(binary: impl Into<PathBuf>, data_dir: &Path) -> Self {
        Self { binary: binary.into(), data_dir: data_dir.to_owned(), args: Vec::new(), env: Vec::new() }
            .env("PLUGIN_SERVER_ADMIN_TOKEN", ADMIN_TOKEN)
            .env("PLUGIN_SERVER__PLUGINS__GITHUB_INTEGRATION__SECRET", WEBHOOK_SECRET)
    }

    /// The same with an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), Some(value.to_owned())));
        self
    }

    /// The same without an environment variable.
    #[must_use]
    pub fn without_env(mut self, name: &str) -> Self {
        self.env.push((name.to_owned(), None));
        self
    }

    /// The same with another argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// The program with this environment and the arguments `args`, for calls other than `serve`.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args);
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Starts it on a free port and waits until it is ready.
    ///
    /// # Errors
    /// If it ends, or says nothing in time; with what it wrote to stderr.
    pub fn start(&self) -> Result<Server> {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(&self.data_dir).args(&self.args);
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("cannot start {}: {error}", self.binary.display()))?;
        let stderr = Stderr::default();
        if let Some(pipe) = child.stderr.take() {
            let stderr = stderr.clone();
            thread::spawn(move || {
                BufReader::new(pipe).lines().map_while(Result::ok).for_each(|line| stderr.push(line));
            });
        }
        let (ready, line) = mpsc::channel();
        if let Some(pipe) = child.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    // Nobody listens any more once the first line was read; reading on keeps the pipe from filling.
                    let _ = ready.send(line);
                }
            });
        }
        let mut server = Server { child, base: String::new(), stderr, launch: self.clone() };
        match line.recv_timeout(START_LIMIT) {
            Ok(line) => {
                let url = line.strip_prefix("listening on ").ok_or_else(|| format!("unexpected first line: {line}"))?;
                server.base = url.trim().to_owned();
                Ok(server)
            }
            Err(_) => {
                let _ = server.child.kill();
                let status = server.child.wait()?;
                Err(format!("{} did not start ({status}):\n{}", self.binary.display(), server.stderr()).into())
            }
        }
    }
}

impl Server {
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Api {
        Api::new(Base::new(self.base()))
    }

    /// A client with the admin token.
    pub fn admin(&self) -> Api {
        self.anonymous().token(ADMIN_TOKEN)
    }

    /// The memory it holds, in bytes.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn resident(&self) -> Result<u64> {
        let file = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&file).map_err(|error| format!("cannot read {file}: {error}"))?;
        let line =
            text.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in the process's status")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }

    /// What it wrote to stderr so far.
    pub fn stderr(&self) -> String {
        self.stderr.lock().join("\n")
    }

    /// Waits until it has written a line to stderr for which `wanted` holds.
    ///
    /// # Errors
    /// If it did not within `limit`.
    pub fn wait_for_line(&self, limit: Duration, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let (_, written) = &*self.stderr.0;
        let absent = |lines: &mut Vec<String>| !lines.iter().any(|line| wanted(line));
        let (lines, _) =
            written.wait_timeout_while(self.stderr.lock(), limit, absent).unwrap_or_else(PoisonError::into_inner);
        let found = lines.iter().find(|line| wanted(line)).cloned();
        found.ok_or_else(|| format!("not within {limit:?} on stderr:\n{}", lines.join("\n")).into())
    }

    /// Kills it as the kernel would for want of memory (`kill -9`).
    ///
    /// # Errors
    /// If it cannot be.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop (`SIGTERM`), and waits until it has.
    ///
    /// # Errors
    /// If it does not in time.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        let sent = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status()?;
        if !sent.success() {
            return Err(format!("cannot signal the server: {sent}").into());
        }
        let deadline = Instant::now() + STOP_LIMIT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                return Err(format!("the server did not stop within {STOP_LIMIT:?}:\n{}", self.stderr()).into());
            }
            pause(Duration::from_millis(10));
        }
    }

    /// Starts it again, on the same data.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart(&mut self) -> Result<()> {
        let next = self.launch.start()?;
        *self = next;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stderr {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: String) {
        self.lock().push(line);
        self.0.1.notify_all();
    }
}
