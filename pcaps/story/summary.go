package story

import (
	"cmp"
	"slices"
	"time"

	"rehearse/reports/journal"
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

	// Seen is what was seen in clear.
	Seen
	DNS DNS `json:"dns"`
	// Events are those of a rehearsal's journal, if Options asks for them: the flow is
	// named by the client's end, the actor by the address of who did it (with the port, where
	// both are on one host). They are in
	// the order of their packets.
	Events journal.Log `json:"-"`
	// EventsCut says that there were more than a Summary holds.
	EventsCut bool `json:"-"`
	// Decrypted is what was seen inside of TLS, null where none could be opened.
	Decrypted *Seen `json:"decrypted"`
}

// Seen is what was seen of the protocols that matter here.
type Seen struct {
	TLS       []*TLS      `json:"tls"`
	HTTP      HTTP        `json:"http"`
	OCSP      OCSP        `json:"ocsp"`
	CRL       CRL         `json:"crl"`
	SIP       SIP         `json:"sip"`
	STUN      STUN        `json:"stun"`
	PseudoTLS []PseudoTLS `json:"pseudo_tls"`

	calls map[string]struct{} // Call-IDs of SIP
}

// newSeen has empty lists and maps, not null ones.
func newSeen() Seen {
	return Seen{
		TLS: []*TLS{}, PseudoTLS: []PseudoTLS{},
		HTTP:  HTTP{Counts: map[string]int{}, ConnectTargets: []string{}},
		OCSP:  OCSP{Responses: []OCSPResponse{}, CertStatus: map[string]int{}, Stapled: []OCSPResponse{}},
		CRL:   CRL{URIs: []string{}, Answers: []CRLAnswer{}},
		SIP:   SIP{Methods: map[string]int{}, Responses: map[string]int{}, Transport: map[string]int{}},
		STUN:  STUN{ByType: map[string]int{}, ErrorCodes: map[string]int{}},
		calls: map[string]struct{}{},
	}
}

// sort puts lists that flows wrote at their ends into the order of the file.
func (e *Seen) sort() {
	e.SIP.Calls = len(e.calls)
	slices.SortStableFunc(e.TLS, func(a, b *TLS) int { return cmp.Compare(a.Stream, b.Stream) })
	slices.SortStableFunc(e.PseudoTLS, func(a, b PseudoTLS) int { return cmp.Compare(a.Frame, b.Frame) })
	slices.SortStableFunc(e.OCSP.Responses, func(a, b OCSPResponse) int { return cmp.Compare(a.Frame, b.Frame) })
	slices.SortStableFunc(e.OCSP.Stapled, func(a, b OCSPResponse) int { return cmp.Compare(a.Frame, b.Frame) })
	slices.SortStableFunc(e.CRL.Answers, func(a, b CRLAnswer) int { return cmp.Compare(a.Frame, b.Frame) })
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
