use rpc::{Access, Methods};

#[test]
fn the_access_table_names_every_rpc_and_nothing_else() {
    let methods = Methods::read(&[proto::FILE_DESCRIPTOR_SET]).unwrap();
    let services =
        ["otklik.ticket.v1.TicketService", "otklik.ticket.v1.StaffService", "otklik.outbox.v1.OutboxService"];
    let table = Access::read(include_str!("../../access.toml"), &methods, &services).unwrap();
    let rpcs: usize = services.iter().map(|name| methods.of_service(name).unwrap().len()).sum();
    assert_eq!(table.rules().count(), rpcs);
}
