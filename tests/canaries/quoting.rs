//! Counterparts that quote what they were sent, as real ones do: a mail server that names the address it refuses, and a
//! notification service that repeats the request in its error.

use proto::notification::v1::notification_service_server::{NotificationService, NotificationServiceServer};
use proto::notification::v1::{
    Contact, GetNotificationRequest, ListNotificationsRequest, ListNotificationsResponse, Notification, Recipient,
    SendNotificationRequest, UpsertRecipientRequest,
};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::people::{EMAIL, NAME, PHONE};

/// Starts the mail server; it lives as long as the test's runtime. Answers its port.
pub async fn mail_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(refuse_and_quote(stream));
        }
    });
    port
}

async fn refuse_and_quote(stream: TcpStream) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 quoting.example ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let command = line.to_ascii_uppercase();
        let answer = if command.starts_with("EHLO") {
            "250-quoting.example\r\n250-SMTPUTF8\r\n250 8BITMIME".to_owned()
        } else if command.starts_with("RCPT") {
            format!("550 5.1.1 {line}: no mailbox of {NAME} ({PHONE}) here")
        } else {
            "250 fine".to_owned()
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// The notification service that takes nothing.
struct Refusing;

/// Starts it; answers its URL.
pub async fn notification() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let server = tonic::transport::Server::builder().add_service(NotificationServiceServer::new(Refusing));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    url
}

fn quote(contact: Option<&Contact>) -> Status {
    let (phone, email) = contact.map_or((PHONE, EMAIL), |it| (&it.phone, &it.email));
    let text = format!("{phone} <{email}> of {NAME} is refused");
    Status::with_details(tonic::Code::InvalidArgument, text.clone(), text.into_bytes().into())
}

#[tonic::async_trait]
impl NotificationService for Refusing {
    async fn upsert_recipient(&self, request: Request<UpsertRecipientRequest>) -> Result<Response<Recipient>, Status> {
        Err(quote(request.get_ref().recipient.as_ref().and_then(|it| it.contact.as_ref())))
    }

    async fn send_notification(&self, _: Request<SendNotificationRequest>) -> Result<Response<Notification>, Status> {
        Err(quote(None))
    }

    async fn get_notification(&self, _: Request<GetNotificationRequest>) -> Result<Response<Notification>, Status> {
        Err(quote(None))
    }

    async fn list_notifications(
        &self,
        _: Request<ListNotificationsRequest>,
    ) -> Result<Response<ListNotificationsResponse>, Status> {
        Err(quote(None))
    }
}
