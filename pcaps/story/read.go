package story

import (
	"errors"
	"io"
	"net/netip"
	"slices"
	"time"

	"rehearse/pcaps/capture"
	"rehearse/pcaps/decrypt"
	"rehearse/pcaps/flow"
	"rehearse/pcaps/packet"
	"rehearse/proxy/detect"
	"rehearse/proxy/wire"
	"rehearse/reports/journal"
)

// Options are the choices of Read.
type Options struct {
	// Progress, if there is one, is called now and then with the number of packets
	// read. It may stop the reading with an error, which Read gives back.
	Progress func(packets int) error
	// KeyLog is the text of a key log (SSLKEYLOGFILE); what the file itself holds is
	// used as well.
	KeyLog []byte
	// Events asks for Summary.Events.
	Events bool
	// Locked leaves the secrets of the file itself alone.
	Locked bool
}

// Read reads a capture to its end, or to where it breaks; then Damage says so, and
// that is no error. The errors are those of capture.Open, of the source, and of
// Progress; with one of the latter two, the Summary is of what came before.
func Read(src io.Reader, opt Options) (*Summary, error) {
	file, err := capture.Open(src)
	if err != nil {
		return nil, err
	}
	r := newReading(file)
	r.keys.Add(opt.KeyLog)
	r.wanted = opt.Events
	err = r.packets(file, opt)
	var damage *capture.Damage
	if errors.As(err, &damage) {
		r.Damage, err = damage.Error(), nil
	}
	r.finish(file)
	return r.Summary, err
}

// reading is the state of Read, shared by the readers of all flows.
type reading struct {
	*Summary
	dialects []dialect // on TCP
	sipStart func([]byte) wire.Verdict
	table    *flow.Table
	decoder  *packet.Decoder
	names    map[netip.Addr]string
	began    int64 // time of the first packet
	last     int64 // the latest time
	held     int   // bytes of bodies that are being gathered
	keys     decrypt.Keys
	// certificates are those read so far, by their bytes.
	certificates map[string]*Certificate
	noted        int  // events
	known        int  // bytes of the file's secrets that are among the keys
	wanted       bool // events are
}

func newReading(file *capture.Reader) *reading {
	r := &reading{Summary: newSummary(), sipStart: only(detect.Inner(), detect.SIPS), names: map[netip.Addr]string{}, certificates: map[string]*Certificate{}}
	r.dialects = dialects(r.sipStart)
	r.Kind, r.Zipped = file.Kind, file.Zipped
	r.table = flow.NewTable(r)
	r.decoder = packet.NewDecoder(r.table)
	return r
}

func newSummary() *Summary {
	return &Summary{
		Interfaces: []Interface{}, Comments: []Comment{}, Flows: []*Flow{}, Seen: newSeen(), DNS: DNS{Failures: map[string]int{}},
	}
}

// often is how many packets pass between two calls of Progress.
const often = 1 << 14

func (r *reading) packets(file *capture.Reader, opt Options) error {
	for {
		p, err := file.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(file.Secrets) > r.known && !opt.Locked {
			r.keys.Add(file.Secrets[r.known:])
			r.known = len(file.Secrets)
		}
		r.packet(p)
		if opt.Progress != nil && p.Number%often == 0 {
			if err := opt.Progress(p.Number); err != nil {
				return err
			}
		}
	}
}

func (r *reading) packet(p *capture.Packet) {
	if p.Number == 1 {
		at := p.Time()
		r.First, r.began, r.last = &at, p.At, p.At
	}
	r.last = max(r.last, p.At)
	for _, text := range p.Comments {
		keep(&r.Comments, Comment{p.Number, text})
	}
	r.table.At(flow.Moment{Packet: p.Number, At: p.At})
	r.decoder.Decode(p)
}

// finish ends all flows and takes over what the file says about itself.
func (r *reading) finish(file *capture.Reader) {
	for addr, name := range file.Names {
		r.names[addr] = name
	}
	r.table.Close()
	r.Packets, r.Undecoded = file.Packets(), r.decoder.Undecoded
	r.Duration = seconds(r.last - r.began)
	r.TCPStreams, r.UDPFlows = r.table.Opened(flow.TCP), r.table.Opened(flow.UDP)
	r.Secrets = len(file.Secrets) > 0
	for _, i := range file.Interfaces {
		keep(&r.Interfaces, Interface{i.Link.String(), i.Name, i.Description})
	}
	for _, text := range file.Comments {
		keep(&r.Comments, Comment{Text: text})
	}
	r.sort()
	slices.SortStableFunc(r.Events, func(a, b journal.Event) int { return a.Packet - b.Packet })
}

func seconds(ns int64) float64 { return time.Duration(ns).Round(time.Microsecond).Seconds() }
