package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Confidence is how sure a finding is.
type Confidence string

// The degrees of confidence. High: what was seen has no other explanation that is
// known. Medium: it has, and this one is likelier. Low: it is one of several.
const (
	High   Confidence = "high"
	Medium Confidence = "medium"
	Low    Confidence = "low"
)

func (c Confidence) rank() int { return slices.Index([]Confidence{Low, Medium, High}, c) }

// Evidence is one thing that was seen, or that was looked for and was not there.
type Evidence struct {
	// Packet counts from 1, as Wireshark does; 0 for what was not there.
	Packet int    `json:"packet,omitempty"`
	Text   string `json:"text"`
	// Filter is a display filter of Wireshark that shows it: the packet, or where one
	// would have been.
	Filter string `json:"filter"`
}

// Alternative is a cause that what was seen does not exclude.
type Alternative struct {
	Cause string `json:"cause"`
	Why   string `json:"why"`
}

// Finding is a cause that was found.
type Finding struct {
	Cause      string     `json:"cause"` // ID of a row of Causes
	Title      string     `json:"title"`
	Confidence Confidence `json:"confidence"`
	// Host is what a client wanted to reach, a name if one is known: the host for which
	// this is surest. Hosts are all of them.
	Host  string   `json:"host"`
	Hosts []string `json:"hosts"`
	// Flows are the connections that failed so, by the client's end.
	Flows    []string      `json:"flows"`
	For      []Evidence    `json:"evidence_for"`
	Against  []Evidence    `json:"evidence_against"`
	Could    []Alternative `json:"could_also_be"`
	Means    string        `json:"means"`
	Code     string        `json:"code,omitempty"` // the outcome's code in a rehearsal
	Remedies []string      `json:"remedies"`
	Source   string        `json:"source"`
	// Filter shows the connections.
	Filter string `json:"filter"`

	at   int // packet at which it showed
	conn *conn
}

// Gap is what cannot be told from a capture.
type Gap struct {
	What   string `json:"what"`
	Record string `json:"record"` // what to record to be able to
}

// Report is what is told of a capture.
type Report struct {
	Findings []Finding `json:"findings"`
	// Works is what went well, as far as it bears on what did not.
	Works []Evidence `json:"works"`
	// Unknown is what cannot be told.
	Unknown []Gap `json:"cannot_tell"`
	// Judged is how many connections and look-ups there were to judge.
	Judged int `json:"judged"`
}

// limits on what is listed of one finding
const (
	maxEvidence = 8
	maxFlows    = 64
)

// merged puts findings of the same cause together, the surest first, then in the
// order of packets.
func merged(all []Finding) []Finding {
	var out []Finding
	by := map[string]int{}
	for _, f := range all {
		i, known := by[f.Cause]
		if !known {
			by[f.Cause] = len(out)
			f.Hosts = []string{f.Host}
			out = append(out, f)
			continue
		}
		out[i].join(f)
	}
	for i := range out {
		if len(out[i].Flows) > 0 {
			out[i].Filter = filterOf(out[i].Flows)
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Confidence.rank(), a.Confidence.rank()), cmp.Compare(a.at, b.at))
	})
	return out
}

// join takes over another finding of the same cause. The surer one's evidence comes
// first; of the other only what shows its failure is kept.
func (f *Finding) join(o Finding) {
	f.Flows = append(f.Flows, o.Flows...)
	if !slices.Contains(f.Hosts, o.Host) {
		f.Hosts = append(f.Hosts, o.Host)
	}
	more := o.For
	if o.Confidence.rank() > f.Confidence.rank() {
		f.Host, f.Confidence, f.For, f.Against, f.Could, more = o.Host, o.Confidence, o.For, o.Against, o.Could, f.For
	}
	if len(more) > 0 && len(f.For) < maxEvidence && !slices.Contains(f.For, more[0]) {
		f.For = append(f.For, more[0])
	}
}

// packetFilter shows one packet.
func packetFilter(packet int) string { return fmt.Sprintf("frame.number == %d", packet) }

// filterOf shows connections by the client's end, the first of many.
func filterOf(flows []string) string {
	var hosts []string
	ports := map[string][]string{}
	for _, f := range flows[:min(len(flows), maxFlows)] {
		host, port := split(f)
		if ports[host] == nil {
			hosts = append(hosts, host)
		}
		if !slices.Contains(ports[host], port) {
			ports[host] = append(ports[host], port)
		}
	}
	var parts []string
	for _, h := range hosts {
		set := "{" + strings.Join(ports[h], ", ") + "}"
		parts = append(parts, fmt.Sprintf("(%s && (tcp.port in %s || udp.port in %s))", hostFilter(h), set, set))
	}
	return strings.Join(parts, " || ")
}

// hostFilter shows what an address sends and receives.
func hostFilter(host string) string {
	if strings.Contains(host, ":") {
		return "ipv6.addr == " + host
	}
	return "ip.addr == " + host
}

// statusFilter shows a client's fetches of the status of certificates.
func statusFilter(client string) string {
	return hostFilter(client) + ` && (ocsp || http.request.uri contains ".crl" || http.content_type contains "crl")`
}
