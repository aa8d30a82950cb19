//! Where the API is: the base URL, checked once, and the URLs of requests below it.
//!
//! Owns: that the key can only travel encrypted or within this machine. Leaves to `exchange`: sending.

use super::{ApiError, PageQuery, Several};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// A base URL that the key may be sent to.
#[derive(Clone)]
pub(super) struct BaseUrl {
    url: Url,
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint<'a> {
    /// The list of campaigns.
    Campaigns,
    /// One campaign.
    Campaign(&'a str),
    /// Rows of a campaign: one page, or all of them.
    Rows(&'a str, Option<&'a PageQuery>),
    /// The owner of the key.
    Me,
    /// Calls of the whole account (newer API), asked for with a POST.
    CallSearch,
}

impl BaseUrl {
    /// Checks what was configured.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let invalid = |what| ApiError::InvalidBaseUrl { what };
        let url = Url::parse(text).map_err(|_| invalid("it cannot be read as a URL"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(invalid("it is neither https nor http"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it holds a user name or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it holds a query or a fragment"));
        }
        let base = Self { url };
        if base.is_encrypted() || base.is_loopback() { Ok(base) } else { Err(ApiError::InsecureBaseUrl) }
    }

    /// Whether requests go through TLS.
    pub(super) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether requests stay on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == LOCALHOST,
            None => false,
        }
    }

    /// The host, for people.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The host that a `Location` header names, seen from here.
    pub(super) fn host_of(&self, location: &str) -> Option<String> {
        self.url.join(location).ok()?.host_str().map(str::to_owned)
    }

    /// The URL of an endpoint. Ids are encoded, so that none can lead to another path; those that cannot stand
    /// in a path are refused.
    pub(super) fn url_of(&self, endpoint: Endpoint<'_>) -> Result<Url, ApiError> {
        let mut url = self.url.clone();
        {
            let mut path =
                url.path_segments_mut().map_err(|()| ApiError::InvalidBaseUrl { what: "it has no path" })?;
            path.pop_if_empty();
            match endpoint {
                Endpoint::Campaigns => path.push("campaigns"),
                Endpoint::Campaign(id) => path.push("campaigns").push(path_segment(id)?),
                Endpoint::Rows(id, _) => path.push("campaigns").push(path_segment(id)?).push("rows"),
                Endpoint::Me => path.push("users").push("me"),
                Endpoint::CallSearch => path.push("call").push("search"),
            };
        }
        if let Endpoint::Rows(_, Some(query)) = endpoint {
            let mut pairs = url.query_pairs_mut();
            pairs
                .append_pair("page", &query.page.to_string())
                .append_pair("page_size", &query.page_size.to_string());
            match query.several {
                Several::Comma if query.statuses.is_empty() => {}
                Several::Comma => {
                    pairs.append_pair("statuses", &query.statuses.join(","));
                }
                Several::Repeated => {
                    pairs.extend_pairs(query.statuses.iter().map(|status| ("statuses", status)));
                }
            }
        }
        Ok(url)
    }
}

/// The one name that stands for this machine.
pub(super) const LOCALHOST: &str = "localhost";

/// What [`LOCALHOST`] means, whatever a resolver says.
pub(super) const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

impl Endpoint<'_> {
    /// The path without ids, for logs.
    pub(super) fn pattern(self) -> &'static str {
        match self {
            Self::Campaigns => "/campaigns",
            Self::Campaign(_) => "/campaigns/{id}",
            Self::Rows(..) => "/campaigns/{id}/rows",
            Self::Me => "/users/me",
            Self::CallSearch => "/call/search",
        }
    }
}

fn path_segment(id: &str) -> Result<&str, ApiError> {
    // Dots alone are a step within the path, encoded or not; the url crate leaves them out.
    if matches!(id, "" | "." | "..") { Err(ApiError::UnaskableId) } else { Ok(id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> BaseUrl {
        BaseUrl::parse(text).unwrap()
    }

    #[test]
    fn https_goes_anywhere() {
        for text in ["https://www.getrevox.com/api", "https://127.0.0.1", "https://host:8443/"] {
            assert!(base(text).is_encrypted(), "{text}");
        }
    }

    #[test]
    fn plain_http_goes_to_this_machine_only() {
        for text in [
            "http://127.0.0.1:8080/api",
            "http://127.1.2.3",
            "http://127.1",
            "http://[::1]:9000",
            "http://localhost:1234/",
            "http://LOCALHOST",
        ] {
            assert!(base(text).is_loopback(), "{text}");
        }
        for text in [
            "http://www.getrevox.com/api",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://[::ffff:127.0.0.1]",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
        ] {
            let error = BaseUrl::parse(text).err().expect(text);
            assert!(
                matches!(error, ApiError::InsecureBaseUrl | ApiError::InvalidBaseUrl { .. }),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for text in [
            "",
            "www.getrevox.com/api",
            "ftp://host/",
            "unix:/run/socket",
            "https://",
            "https://user@host/",
            "https://user:secret@host/",
            "https://:secret@host/",
            "https://host/?key=secret",
            "https://host/#part",
        ] {
            let error = BaseUrl::parse(text).err().expect(text);
            assert!(matches!(error, ApiError::InvalidBaseUrl { .. }), "{text}: {error}");
            assert!(!format!("{error:?} {error}").contains("secret"), "{text}");
        }
    }

    #[test]
    fn endpoints_stand_below_the_base() {
        let page = &PageQuery { page: 3, page_size: 100, ..PageQuery::default() };
        for (text, endpoint, expected) in [
            ("https://host/api", Endpoint::Campaigns, "https://host/api/campaigns"),
            ("https://host/api/", Endpoint::Campaigns, "https://host/api/campaigns"),
            ("https://host", Endpoint::Me, "https://host/users/me"),
            ("https://host/api", Endpoint::CallSearch, "https://host/api/call/search"),
            ("https://host/api", Endpoint::Campaign("c 1"), "https://host/api/campaigns/c%201"),
            ("https://host/api", Endpoint::Rows("c1", None), "https://host/api/campaigns/c1/rows"),
            (
                "https://host/api",
                Endpoint::Rows("c1", Some(page)),
                "https://host/api/campaigns/c1/rows?page=3&page_size=100",
            ),
        ] {
            assert_eq!(base(text).url_of(endpoint).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn an_id_cannot_lead_to_another_path() {
        for (id, expected) in [
            ("../users/me", "..%2Fusers%2Fme"),
            ("%2e%2e", "%252e%252e"),
            ("a?b=c", "a%3Fb=c"),
            ("a#b", "a%23b"),
            ("a\\b", "a%5Cb"),
            ("...", "..."),
            ("é", "%C3%A9"),
        ] {
            let url = base("https://host/api").url_of(Endpoint::Rows(id, None)).unwrap();
            assert_eq!(url.as_str(), format!("https://host/api/campaigns/{expected}/rows"));
        }
        for id in ["", ".", ".."] {
            let error = base("https://host/api").url_of(Endpoint::Campaign(id)).unwrap_err();
            assert!(matches!(error, ApiError::UnaskableId), "{id}");
        }
    }

    #[test]
    fn a_redirect_is_told_by_its_host_alone() {
        let base = base("https://host/api");
        for (location, host) in [
            ("https://user:secret@other.example/path?token=secret", Some("other.example")),
            ("/elsewhere", Some("host")),
            ("//third.example/x", Some("third.example")),
            ("https://", None),
            ("mailto:a@b.example", None),
        ] {
            assert_eq!(base.host_of(location).as_deref(), host, "{location}");
        }
    }
}
