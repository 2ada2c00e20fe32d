package capture

import (
	"fmt"
	"time"
)

// LinkType says what the bytes of a packet begin with
// (https://www.tcpdump.org/linktypes.html).
type LinkType uint16

// The link types that are told apart by name.
const (
	Null      LinkType = 0
	Ethernet  LinkType = 1
	PPP       LinkType = 9
	RawBSD    LinkType = 12
	RawOpen   LinkType = 14
	PPPSerial LinkType = 50
	PPPoE     LinkType = 51
	Raw       LinkType = 101
	Loop      LinkType = 108
	LinuxSLL  LinkType = 113
	IPv4      LinkType = 228
	IPv6      LinkType = 229
	NFLog     LinkType = 239
	LinuxSLL2 LinkType = 276
)

// linkNames are the names without "LINKTYPE_".
var linkNames = []struct {
	link LinkType
	name string
}{
	{Null, "NULL"}, {Ethernet, "ETHERNET"}, {PPP, "PPP"}, {RawBSD, "RAW"}, {RawOpen, "RAW"},
	{PPPSerial, "PPP_HDLC"}, {PPPoE, "PPP_ETHER"}, {Raw, "RAW"}, {Loop, "LOOP"}, {LinuxSLL, "LINUX_SLL"},
	{IPv4, "IPV4"}, {IPv6, "IPV6"}, {NFLog, "NFLOG"}, {LinuxSLL2, "LINUX_SLL2"},
}

// String is the type's name, "ETHERNET", or "link type 147".
func (t LinkType) String() string {
	for _, n := range linkNames {
		if n.link == t {
			return n.name
		}
	}
	return fmt.Sprintf("link type %d", uint16(t))
}

// Packet is one packet as it was recorded.
type Packet struct {
	// Number counts from 1, over all sections of a file.
	Number int
	// At is in nanoseconds since 1970 in UTC; 0 where the file has no time for it
	// (pcapng's Simple Packet Block).
	At   int64
	Link LinkType
	// Length is what it had on the wire; Data may be less of it.
	Length int
	Data   []byte
	// Interface is an index into Interfaces.
	Interface int
	// Comments are those of pcapng, nil mostly.
	Comments []string
}

// Time is At as a time in UTC.
func (p *Packet) Time() time.Time { return time.Unix(0, p.At).UTC() }

// Interface is where packets were recorded. A pcap file has one, without a name.
type Interface struct {
	Section     int // counts from 0
	Link        LinkType
	Name        string
	Description string
	SnapLength  int // 0: none was set
}

// Stamp shapes: how a pcapng interface counts time.
type clock struct {
	binary bool  // units are 2^-exp seconds, else 10^-exp
	exp    uint8 // 6 unless an option says otherwise
	offset int64 // seconds to add
}
