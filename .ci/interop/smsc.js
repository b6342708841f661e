// An SMS centre on the npm package `smpp`. Prints one JSON object a line: its port, then everything that it saw.
const smpp = require('smpp');

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
let taken = 0;

const server = smpp.createServer((session) => {
  session.on('error', () => {});
  session.on('bind_transceiver', (pdu) => {
    say({ saw: 'bind', system_id: pdu.system_id, version: pdu.interface_version });
    session.send(pdu.response());
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('submit_sm', (pdu) => {
    taken += 1;
    const id = `npm-${taken}`;
    const message = pdu.short_message;
    say({
      saw: 'submit', id, to: pdu.destination_addr, from: pdu.source_addr, data_coding: pdu.data_coding,
      esm_class: pdu.esm_class, registered_delivery: pdu.registered_delivery,
      header: message.udh ? [...message.udh[0]] : null, text: message.message,
    });
    session.send(pdu.response({ message_id: id }));
    // By turns in the two forms that centres use.
    const receipt = taken % 2
      ? { receipted_message_id: id, message_state: 2 }
      : { short_message: `id:${id} sub:001 dlvrd:001 submit date:2611251800 done date:2611251801 stat:DELIVRD err:000 text:` };
    session.deliver_sm(
      { esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT, source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, ...receipt },
      (answer) => say({ saw: 'receipt answered', id, status: answer.command_status }),
    );
  });
  session.on('unbind', (pdu) => {
    say({ saw: 'unbind' });
    session.send(pdu.response());
  });
});

server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
