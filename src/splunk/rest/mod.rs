//! splunkd's REST interface, as far as the history needs it: publishing a lookup in a search head cluster, where a file
//! that is written on a member's disk reaches no other member and a resync overwrites it.
//!
//! Invariants:
//! - The session key goes to this machine alone: to loopback addresses, never through a proxy, never after a redirect.
//! - It goes over TLS to the server that has splunkd's own certificate and private key, unless splunkd itself says that
//!   it speaks plain HTTP.
//! - The key is in no message. No step waits for ever.
//! - No file is read and no connection is made before a run publishes on this route.
//!
//! ```text
//! stage     <SPLUNK_HOME>/var/run/splunk/lookup_tmp/<lookup>.<app>.<random>.tmp     made if it is not there
//! update    POST /servicesNS/nobody/<app>/data/lookup-table-files/<lookup>    eai:data=<staged file>
//! create    POST /servicesNS/nobody/<app>/data/lookup-table-files             the same and name=<lookup>, after a 404
//! confirm   the lookup is read again: 200 is no proof
//! ```
//!
//! splunkd moves the staged file in place and replicates it to the other members (REST API reference,
//! `data/lookup-table-files`). Splunk's own apps publish lookups in this way (Machine Learning Toolkit, Security
//! Essentials). `docs/cluster.md` says more, and what is not documented.

mod address;
mod client;
mod conf;
mod failure;
mod route;
mod server_cert;
mod tls;

pub use address::{Address, BadAddress};
pub use client::{Answer, Client, ExchangeError, TimeLimits};
pub use route::RestRoute;
pub use server_cert::{NoServerCert, NotSplunkd, ServerCert};
