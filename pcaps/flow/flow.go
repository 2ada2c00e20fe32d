package flow

import (
	"rehearse/pcaps/packet"
)

// Side is one of a flow's two ends: 0 is the one that was seen sending first.
type Side uint8

// Other is the other side.
func (s Side) Other() Side { return 1 - s }

// Moment is a packet and its time.
type Moment struct {
	Packet int   // from 1, as Wireshark counts
	At     int64 // nanoseconds since 1970 in UTC
}

// Transport is TCP or UDP.
type Transport uint8

// The transports.
const (
	TCP Transport = iota
	UDP
)

func (t Transport) String() string {
	if t == TCP {
		return "tcp"
	}
	return "udp"
}

// Flow is a TCP connection or the datagrams between two endpoints.
type Flow struct {
	Transport Transport
	// Number counts the transport's flows from 0, as tcp.stream and udp.stream do.
	Number      int
	Ends        [2]packet.Endpoint
	First, Last Moment
	Packets     [2]int
	Bytes       [2]int64 // of payload on the wire, those sent again included
	// Lost are bytes that a side sent and the capture has not.
	Lost [2]int64
	// Begun says that a side was seen sending its SYN.
	Begun [2]bool
	// Endings are how the sides ended it, in order.
	Endings []Ending
	// Complaints are what ICMP said about it, each once.
	Complaints []string

	client   Side
	clientBy Evidence
	key      key
	half     [2]half // of TCP
	reader   any     // Reader or DatagramReader
	quoted   bool    // not seen but in an ICMP error
	newer    *Flow   // in the table's list by last use
	older    *Flow
}

// Ending is a FIN or a RST.
type Ending struct {
	Moment
	Side  Side
	Reset bool
}

// String is "FIN" or "RST".
func (e Ending) String() string {
	if e.Reset {
		return "RST"
	}
	return "FIN"
}

// Evidence is what says who the client is, the weakest first.
type Evidence uint8

// The kinds of evidence. ByHello and ByAnswer are a reader's to give.
const (
	ByPort   Evidence = iota // a guess: the client has the higher port
	ByAnswer                 // a server's message of some protocol
	ByHello                  // a client's message of some protocol
	BySynAck
	BySyn
)

// Client is the client's side and what says so.
func (f *Flow) Client() (Side, Evidence) { return f.client, f.clientBy }

// IsClient says whether a side is the client's.
func (f *Flow) IsClient(s Side) bool { return s == f.client }

// Orient says that a side is the client's; better evidence is kept.
func (f *Flow) Orient(client Side, by Evidence) {
	if by > f.clientBy {
		f.client, f.clientBy = client, by
	}
}

// ClientEnd and ServerEnd are the two ends by role.
func (f *Flow) ClientEnd() packet.Endpoint { return f.Ends[f.client] }

// ServerEnd is the server's end.
func (f *Flow) ServerEnd() packet.Endpoint { return f.Ends[f.client.Other()] }

// key is what packets of a flow share, the same for both directions.
type key struct {
	low, high packet.Endpoint
	transport Transport
}

func keyOf(t Transport, src, dst *packet.Endpoint) key {
	if less(dst, src) {
		return key{*dst, *src, t}
	}
	return key{*src, *dst, t}
}

func less(a, b *packet.Endpoint) bool {
	for i := range a.Addr {
		if a.Addr[i] != b.Addr[i] {
			return a.Addr[i] < b.Addr[i]
		}
	}
	return a.Port < b.Port
}

// Reader is told what the sides of a TCP connection said. The bytes are valid until
// it returns. At is the packet in which they came.
type Reader interface {
	Data(s Side, at Moment, b []byte)
	// Gap says that n bytes of a side are missing.
	Gap(s Side, at Moment, n int64)
	// Ended says that a side ended it, once all of its bytes have been told.
	Ended(s Side, at Moment, reset bool)
	// Done is the last call.
	Done()
}

// DatagramReader is told of the datagrams of a UDP flow. Length is a datagram's on
// the wire; b is shorter where it was recorded in part.
type DatagramReader interface {
	Datagram(s Side, at Moment, b []byte, length int)
	Done()
}
