//! TLS by rustls, as the `sslmode` of a URL asks for it. Boundary: certificates and trust; `connect` decides when it is used.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::SslMode;

/// How far a server's certificate is trusted.
#[derive(Debug)]
enum Trust {
    /// Signed by an authority we know and made for this host.
    Full(Arc<WebPkiServerVerifier>),
    /// Signed by an authority we know.
    Authority(Arc<WebPkiServerVerifier>),
    /// Whoever it is: encryption only, asked for by name.
    Anyone,
}

#[derive(Debug)]
struct Verifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

/// The connector for a mode; the error is in words.
pub(super) fn connector(mode: SslMode, roots: Option<&Path>, client: Option<&(PathBuf, PathBuf)>) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(ring::default_provider());
    let trust = match mode {
        SslMode::Disable | SslMode::Prefer => Trust::Anyone,
        SslMode::Require if roots.is_none() => Trust::Anyone,
        SslMode::Require | SslMode::VerifyCa => Trust::Authority(authorities(roots, &provider)?),
        SslMode::VerifyFull => Trust::Full(authorities(roots, &provider)?),
    };
    let verifier = Verifier { trust, provider: Arc::clone(&provider) };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let config = match client {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => {
            let certs = read_certificates(cert)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|e| format!("the key {} cannot be read: {e}", key.display()))?;
            builder.with_client_auth_cert(certs, key).map_err(|e| e.to_string())?
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let cannot = |e: &dyn std::fmt::Display| format!("the certificates in {} cannot be read: {e}", file.display());
    let certs = CertificateDer::pem_file_iter(file).map_err(|e| cannot(&e))?.collect::<Result<Vec<_>, _>>().map_err(|e| cannot(&e))?;
    if certs.is_empty() { Err(cannot(&"there is none")) } else { Ok(certs) }
}

fn authorities(file: Option<&Path>, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, String> {
    let mut roots = RootCertStore::empty();
    let certs = match file {
        Some(file) => read_certificates(file)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    roots.add_parsable_certificates(certs);
    if roots.is_empty() {
        return Err("this machine has no certificate authorities to verify the server with".to_owned());
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build().map_err(|e| e.to_string())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verify = |v: &WebPkiServerVerifier| v.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match &self.trust {
            Trust::Full(verifier) => verify(verifier),
            // The chain is verified before the name, so an error of the name says that the chain is good.
            Trust::Authority(verifier) => match verify(verifier) {
                Err(Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })) => {
                    Ok(ServerCertVerified::assertion())
                }
                other => other,
            },
            Trust::Anyone => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
