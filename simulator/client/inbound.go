package client

import (
	"net/netip"

	"rehearse/proxy/wire/msturn"
	"rehearse/reports/journal"
	"rehearse/simulator/ice"
)

// read takes what comes from the relay until the connection ends.
func (a *allocation) read() {
	defer close(a.done)
	defer a.conn.Close()
	read := a.readDatagram
	if a.stream {
		read = a.readFrame
	}
	for {
		if err := read(); err != nil {
			a.over(err)
			return
		}
	}
}

func (a *allocation) readFrame() error {
	f, err := msturn.ReadFrame(a.conn)
	if err != nil {
		return err
	}
	if f.Type == msturn.FrameData {
		a.data(a.activeAddr(), f.Payload)
		return nil
	}
	m, err := msturn.Parse(f.Payload)
	if err != nil {
		return err
	}
	a.take(m)
	return nil
}

// readDatagram takes one datagram. What is no message is data of the active
// destination.
func (a *allocation) readDatagram() error {
	buf := make([]byte, msturn.MaxSize)
	n, err := a.conn.Read(buf)
	if err != nil {
		return err
	}
	if m, err := msturn.Parse(buf[:n]); err == nil {
		a.take(m)
		return nil
	}
	a.data(a.activeAddr(), buf[:n])
	return nil
}

// over records how the connection ended, unless the client did it.
func (a *allocation) over(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
	if a.closing {
		return
	}
	closed := journal.Closed{By: "peer", How: "FIN"}
	switch _, code := classify(err); code {
	case codeReset:
		closed.How = "RST"
	case codeProtocol:
		closed.By, closed.After = "client", "bytes that are no MS-TURN"
	}
	a.record(a.name, closed)
}

func (a *allocation) activeAddr() netip.AddrPort {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.active
}

// take hands an answer to whoever waits for it, and unwraps a Data indication.
func (a *allocation) take(m *msturn.Message) {
	if m.Type == msturn.DataIndication {
		from, _ := msturn.Find[msturn.RemoteAddress](m)
		data, _ := msturn.Find[msturn.Data](m)
		a.data(netip.AddrPort(from), data)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.pending[m.TransactionID]
	if !ok {
		return
	}
	delete(a.pending, m.TransactionID) // an answer to a repeated request is passed over
	if r.shown {
		a.record(a.name, journal.TURNSent{Received: true, Message: m.Type.String(), Note: noteOf(m)})
	}
	r.answer <- m
}

// data takes what a peer sent: a packet, or a piece of its stream.
func (a *allocation) data(from netip.AddrPort, data []byte) {
	if !a.stream {
		a.packet(from, data)
		return
	}
	a.mu.Lock()
	s := a.streams[from]
	if s == nil {
		s = new(ice.Packets)
		a.streams[from] = s
	}
	whole := s.Add(data)
	a.mu.Unlock()
	for _, p := range whole {
		a.packet(from, p)
	}
}

// packet answers a connectivity check and keeps everything else for the call. A
// check that is not of this call is passed over (RFC 8445 7.3).
func (a *allocation) packet(from netip.AddrPort, data []byte) {
	p := packet{from: from, data: data}
	if ice.IsSTUN(data) {
		check, err := ice.Parse(data, a.passwordFor)
		if err != nil {
			return
		}
		if !check.Response {
			a.answer(from, check)
			return
		}
		p.check = &check
	}
	select {
	case a.arrived <- p:
	default: // nobody listens: as lost as it would be in a full buffer
	}
}

func (a *allocation) passwordFor(username string) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch username {
	case "": // an answer
		return a.keys.remotePassword, a.keys.remotePassword != ""
	case a.keys.ufrag + ":" + a.keys.remoteUfrag:
		return a.keys.password, true
	}
	return "", false
}

// answer sends the success response to a check.
func (a *allocation) answer(from netip.AddrPort, check ice.Check) {
	a.mu.Lock()
	password := a.keys.password
	a.mu.Unlock()
	response := ice.Check{Response: true, Transaction: check.Transaction, Mapped: from, Microsoft: check.Microsoft}
	// A failure shows as the end of reading.
	_ = a.send(from, response.Append(nil, password))
}
