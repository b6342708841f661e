use rusmpp::values::DataCoding;

/// Everything that the centre saw.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Successful binds.
    pub binds: usize,
    /// Refused binds.
    pub refused_binds: usize,
    /// `unbind` from the client.
    pub unbinds: usize,
    /// `enquire_link` from the client.
    pub enquire_links: usize,
    /// Connections that ended.
    pub closed: usize,
    /// `deliver_sm_resp` from the client.
    pub answers: usize,
    /// `generic_nack` from the client.
    pub nacks: usize,
    /// Every `submit_sm`, in order.
    pub submits: Vec<Submitted>,
}

/// One `submit_sm`.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The id given to it, where it was accepted (whether or not the client was told).
    pub message_id: Option<String>,
    /// Sender.
    pub from: String,
    /// Recipient, digits only.
    pub to: String,
    /// The text of this part.
    pub text: String,
    /// Alphabet.
    pub data_coding: DataCoding,
    /// The octet as it was sent: 0x40 says that a header leads the user data.
    pub esm_class: u8,
    /// The octet as it was sent: 1 asks for a receipt at the end.
    pub registered_delivery: u8,
    /// As it was sent.
    pub validity_period: String,
    /// Reference, total, index (from 1) of a part of several.
    pub part: Option<(u16, u8, u8)>,
    /// Octets of user data, header included.
    pub octets: usize,
}

/// A message as a handset would show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Sender.
    pub from: String,
    /// Recipient, digits only.
    pub to: String,
    /// The parts that arrived, joined.
    pub text: String,
    /// Ids of the parts, in their order; a part that came twice is here once.
    pub parts: Vec<String>,
    /// Every part is there.
    pub whole: bool,
}
