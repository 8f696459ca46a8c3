//! Messages to people, over SMTP: [`SmtpMailer`] fills the port `Notifications`.
//!
//! [`Config`] is what the configuration says, [`Server`] the URL of the mail server. What is worth a message,
//! and its words, are the service's.

mod config;
mod mailer;
mod server;

pub use config::Config;
pub use mailer::SmtpMailer;
pub use server::Server;

/// Why no mail can be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file with certificates.
    #[error("{file}: {message}")]
    Certificates {
        /// Which.
        file: String,
        /// What is wrong with it.
        message: String,
    },
    /// What does not go together.
    #[error("mail: {0}")]
    Mail(String),
}
