//! The command that installs Postgres on this machine, for errors that can do no more than name it.

/// What a person types; `wanted` is the major version that the data asks for.
pub(super) fn command(wanted: Option<u32>) -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    command_for(&release, std::env::consts::OS, wanted)
}

fn command_for(os_release: &str, os: &str, wanted: Option<u32>) -> String {
    if os == "macos" {
        return format!("brew install postgresql@{}", wanted.unwrap_or(17));
    }
    let number = wanted.map(|version| version.to_string()).unwrap_or_default();
    let dashed = wanted.map(|version| format!("-{version}")).unwrap_or_default();
    let families: Vec<&str> = os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split_whitespace())
        .collect();
    let is = |names: &[&str]| names.iter().any(|name| families.contains(name));
    if is(&["alpine"]) {
        format!("apk add postgresql{}", if number.is_empty() { "17" } else { &number })
    } else if is(&["arch"]) {
        "pacman -S postgresql".to_owned()
    } else if is(&["suse", "opensuse", "sles"]) {
        format!("zypper install postgresql{number}-server")
    } else if is(&["fedora", "rhel", "centos", "amzn"]) {
        "dnf install postgresql-server".to_owned()
    } else {
        format!("apt-get install postgresql{dashed}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_is_told_its_own_command() {
        for (os_release, os, wanted, expected) in [
            ("ID=debian\n", "linux", None, "apt-get install postgresql"),
            ("ID=ubuntu\nID_LIKE=debian\n", "linux", Some(15), "apt-get install postgresql-15"),
            ("ID=fedora\n", "linux", None, "dnf install postgresql-server"),
            (
                "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n",
                "linux",
                Some(16),
                "dnf install postgresql-server",
            ),
            ("ID=alpine\n", "linux", None, "apk add postgresql17"),
            (
                "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n",
                "linux",
                Some(16),
                "zypper install postgresql16-server",
            ),
            ("ID=arch\n", "linux", None, "pacman -S postgresql"),
            ("", "macos", None, "brew install postgresql@17"),
            ("", "macos", Some(15), "brew install postgresql@15"),
            ("", "linux", None, "apt-get install postgresql"),
        ] {
            assert_eq!(command_for(os_release, os, wanted), expected);
        }
    }
}
