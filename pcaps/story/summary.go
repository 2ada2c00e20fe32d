package story

import (
	"time"
)

// Summary is what one capture tells. Its JSON form is that of `rehearse pcap info
// --json`.
type Summary struct {
	File    string `json:"file"`
	Kind    string `json:"kind"` // "pcap" or "pcapng"
	Zipped  bool   `json:"gzip"`
	Packets int    `json:"packets"`
	// Undecoded are packets that hold neither IP nor a protocol below it.
	Undecoded int `json:"undecoded"`
	// Damage says where the file breaks, "" where it does not.
	Damage     string      `json:"damage"`
	First      *time.Time  `json:"first_time"`
	Duration   float64     `json:"duration"` // seconds
	Interfaces []Interface `json:"interfaces"`
	Comments   []Comment   `json:"comments"`
	Secrets    bool        `json:"secrets"` // the file has TLS keys in it

	TCPStreams int     `json:"tcp_streams"`
	UDPFlows   int     `json:"udp_flows"`
	Flows      []*Flow `json:"flows"`
	// Untold is how many flows are counted but not among Flows: there are too many.
	Untold int `json:"untold"`

	TLS       []*TLS      `json:"tls"`
	HTTP      HTTP        `json:"http"`
	OCSP      OCSP        `json:"ocsp"`
	CRL       CRL         `json:"crl"`
	SIP       SIP         `json:"sip"`
	STUN      STUN        `json:"stun"`
	PseudoTLS []PseudoTLS `json:"pseudo_tls"`
	DNS       DNS         `json:"dns"`
}

// Limits on what a Summary holds. Counts go on past them.
const (
	maxFlows = 1 << 18
	maxItems = 1 << 14 // of any other list
)

// Interface is where packets were recorded.
type Interface struct {
	Link        string `json:"link"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
}

// Comment is a comment in the file; of no packet where Packet is 0.
type Comment struct {
	Packet int    `json:"packet,omitempty"`
	Text   string `json:"text"`
}

// Flow is a TCP stream or UDP flow.
type Flow struct {
	Transport string `json:"transport"`
	// Number counts from 0 as tcp.stream and udp.stream of Wireshark do.
	Number int    `json:"number"`
	Client string `json:"client"`
	Server string `json:"server"`
	// ServerName is what the server's address is called, by DNS or by the file.
	ServerName string `json:"server_name,omitempty"`
	// DirectionBy is what says who the client is: "syn", "synack", "client_hello",
	// "server_hello" or "guess".
	DirectionBy string  `json:"direction_by"`
	Packets     int     `json:"packets"`
	BytesC2S    int64   `json:"bytes_c2s"`
	BytesS2C    int64   `json:"bytes_s2c"`
	LostC2S     int64   `json:"lost_c2s,omitempty"`
	LostS2C     int64   `json:"lost_s2c,omitempty"`
	FirstPacket int     `json:"first_packet"`
	LastPacket  int     `json:"last_packet"`
	Start       float64 `json:"start"` // seconds since the first packet of the file
	Duration    float64 `json:"duration"`
	// Protocol is "tls", "http", "sip" ..., "" where it was not told.
	Protocol string `json:"protocol"`
	// Story is one line for people.
	Story string `json:"story"`
}

// count adds one to a counter of a map that may not exist yet. Keys come from the
// wire, so their number has a limit.
func count(m *map[string]int, key string) {
	if *m == nil {
		*m = map[string]int{}
	}
	if _, known := (*m)[key]; known || len(*m) < maxItems {
		(*m)[key]++
	}
}

// keep appends to a list that has a limit.
func keep[T any](list *[]T, item T) {
	if len(*list) < maxItems {
		*list = append(*list, item)
	}
}
