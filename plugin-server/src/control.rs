//! How the command line finds the server that has a data directory: a file in it, for its owner alone, with the server's address
//! and a token that ends with the process.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

const FILE: &str = "control.json";

/// What the file says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Control {
    /// `http://ADDR:PORT`
    pub(crate) address: String,
    /// A token with every scope.
    pub(crate) token: String,
}

/// The file, which is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct ControlFile(PathBuf);

impl Drop for ControlFile {
    fn drop(&mut self) {
        // A file that stays behind names a server that no longer answers, which readers expect.
        drop(fs::remove_file(&self.0));
    }
}

impl Control {
    /// Reads what the server that has `dir` left there, if anything.
    pub(crate) fn read(dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(dir.join(FILE)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes the file into `dir`.
    ///
    /// # Errors
    /// If the directory does not take it.
    pub(crate) fn write(&self, dir: &Path) -> io::Result<ControlFile> {
        let (path, fresh) = (dir.join(FILE), dir.join("control.json.new"));
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        serde_json::to_writer(options.open(&fresh)?, self)?;
        fs::rename(&fresh, &path)?;
        Ok(ControlFile(path))
    }
}

/// The address under which a server that listens on `address` is reached from this machine.
pub(crate) fn local(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_for_its_owner_alone_and_goes_with_the_server() {
        let dir = tempfile::tempdir().expect("a directory");
        let control = Control { address: "http://127.0.0.1:1".to_owned(), token: "plg_x".to_owned() };
        let file = control.write(dir.path()).expect("it is written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.path().join(FILE)).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(Control::read(dir.path()).expect("it is read").token, "plg_x");
        drop(file);
        assert!(Control::read(dir.path()).is_none());
    }

    #[test]
    fn a_server_on_all_addresses_is_reached_on_the_loopback() {
        let local = |text: &str| local(text.parse().expect("an address")).to_string();
        assert_eq!(local("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(local("[::]:80"), "[::1]:80");
        assert_eq!(local("10.0.0.1:80"), "10.0.0.1:80");
    }
}
