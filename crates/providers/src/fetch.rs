//! Files at addresses that somebody else wrote into an answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Url};

use crate::backend::Backend;
use crate::error::{Billed, Class, Error};
use crate::http::{Options, broken, builder, read_all};

/// Redirects followed: content networks move files about.
const REDIRECTS_MAX: usize = 3;

/// The client for such files: it sends no key and keeps out of private nets.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    /// For backends far away: `https` to public addresses.
    guarded: Client,
    /// For backends of the own net: anything.
    home: Client,
}

impl Fetcher {
    pub(crate) fn new(options: &Options) -> Result<Self, reqwest::Error> {
        let guarded = || {
            builder(options)
                .https_only(true)
                .dns_resolver(Arc::new(PublicOnly))
                .redirect(Policy::custom(stay_public))
        };
        let home = || builder(options).redirect(Policy::none());
        Ok(Self {
            guarded: guarded()
                .build()
                .or_else(|_| guarded().tls_certs_only([]).build())?,
            home: home()
                .build()
                .or_else(|_| home().tls_certs_only([]).build())?,
        })
    }

    pub(crate) async fn fetch(
        &self,
        backend: &Backend,
        url: &str,
        limit: usize,
    ) -> Result<Vec<u8>, Error> {
        let name = &backend.name;
        let refuse = |why: &str| Error::new(Class::Garbled, name, Billed::No, why);
        let url = Url::parse(url).map_err(|_| refuse("a file's address is no URL"))?;
        let home = backend.base_url.is_local();
        let may = if home {
            matches!(url.scheme(), "http" | "https")
        } else {
            url.scheme() == "https" && is_public_host(&url)
        };
        if !may {
            return Err(refuse("a file's address is not one of the public net"));
        }
        let client = if home { &self.home } else { &self.guarded };
        let unbilled = |error: Error| Error {
            billed: Billed::No,
            ..error
        };
        let mut request = client.get(url);
        if let Some(timeout) = backend.timeout {
            request = request.timeout(timeout);
        }
        let response = request.send().await;
        let response = response.map_err(|error| unbilled(broken(name, &error)))?;
        let status = response.status();
        if !status.is_success() {
            let class = if status.is_server_error() {
                Class::Transient
            } else {
                Class::Garbled
            };
            let why = format!("the server answered {status} for a file that it offered");
            return Err(Error::new(class, name, Billed::No, &why));
        }
        let bytes = read_all(name, response, limit).await;
        bytes.map_err(unbilled)
    }
}

/// Follows to public addresses. Names are looked at when they are resolved.
fn stay_public(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    if attempt.previous().len() <= REDIRECTS_MAX && is_public_host(attempt.url()) {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// Whether a host that is written as an address is a public one. A name may be anything yet.
fn is_public_host(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => is_public(address),
        Err(_) => !host.is_empty(),
    }
}

/// Resolves names to public addresses alone, so that no name leads into a private net, also one
/// that changes its mind between two look-ups.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|to| is_public(to.ip())).collect();
            if public.is_empty() {
                return Err("its name leads into a private net".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether `address` is one of the public net: not this machine, a private net, a link, a group,
/// documentation, or one of those hidden in an address of version 6.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = a == 192 && b == 0 && c == 0;
    let benchmarks = a == 198 && (18..20).contains(&b);
    !(v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_documentation()
        || a == 0
        || a >= 224
        || shared
        || protocols
        || benchmarks)
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    if let Some(v4) = v6.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    // The global unicast range, without documentation, tunnels (Teredo, 6to4) and translations.
    let [first, second, ..] = v6.segments();
    let global = (0x2000..0x4000).contains(&first);
    let documentation = first == 0x2001 && second == 0x0db8;
    let tunnel = first == 0x2002 || (first == 0x2001 && second < 0x0200);
    global && !documentation && !tunnel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_of_every_spelling_are_known() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.5.5",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.8",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "93.184.216.34",
            "2606:4700::1111",
            "2a00:1450::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_resolved() {
        let name: Name = "localhost".parse().unwrap();
        assert!(PublicOnly.resolve(name).await.is_err());
    }

    #[tokio::test]
    async fn a_distant_backend_sends_nobody_into_a_private_net() {
        crate::install_tls();
        let fetcher = Fetcher::new(&Options::default()).unwrap();
        let base = crate::BaseUrl::parse("https://stock.example/api").unwrap();
        let backend = Backend::new("stock", crate::Kind::Pexels, base, "");
        for url in [
            "http://images.example/1.jpg",
            "https://127.0.0.1/1.jpg",
            "https://[::1]/1.jpg",
            "https://localhost/1.jpg",
            "file:///etc/passwd",
            "https://169.254.169.254/latest",
            "nothing",
        ] {
            let error = fetcher.fetch(&backend, url, 10).await.unwrap_err();
            assert_eq!(error.billed, Billed::No, "{url}: {error}");
        }
    }
}
