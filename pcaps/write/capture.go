package write

import (
	"bytes"
	"cmp"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rehearse/simulator/world"
)

// Capture is what a capture is made of.
type Capture struct {
	Packets []world.Packet
	Lookups []world.Lookup
	// Clock turns times of the tape into those of the capture.
	Clock func(time.Time) time.Time
	// Secrets is the text of a key log (SSLKEYLOGFILE); lines may be there twice.
	Secrets []byte
	Hosts   []Host
	Notes   []Note
	// About are comments on the file as a whole.
	About []string
}

// Host is a machine and its name.
type Host struct {
	Name string
	Addr netip.Addr
}

// Note is a comment on a packet: the first one from At on that Flow is an end of, or,
// with Last, the last one until then. With port 0 it is any of the address, without
// an address any at all.
type Note struct {
	At   time.Time // by the tape's time
	Flow netip.AddrPort
	Last bool
	Text string
}

// frame is a packet as it was seen.
type frame struct {
	at       time.Time
	place    netip.Addr // where it was seen
	src, dst netip.AddrPort
	bytes    []byte
	comments []string
}

// WriteTo implements io.WriterTo: the whole capture in one file.
func (c *Capture) WriteTo(w io.Writer) (int64, error) {
	frames := c.frames()
	return c.file(w, frames, c.places(frames))
}

// Split gives a file for each host that began conversations, by its name.
func (c *Capture) Split(create func(host string) (io.WriteCloser, error)) error {
	frames := c.frames()
	for _, place := range c.places(frames) {
		var some []frame
		for _, f := range frames {
			if f.place == place {
				some = append(some, f)
			}
		}
		w, err := create(c.hostName(place))
		if err != nil {
			return err
		}
		_, err = c.file(w, some, []netip.Addr{place})
		if err := cmp.Or(err, w.Close()); err != nil {
			return err
		}
	}
	return nil
}

// frames are those of all conversations, in order of time, with their comments.
func (c *Capture) frames() []frame {
	wire := &wire{hosts: map[netip.Addr]bool{}, ids: map[netip.Addr]uint16{}}
	for _, h := range c.Hosts {
		wire.hosts[h.Addr] = true
	}
	all := wire.names(c.Lookups) // what follows from an answer comes after it
	for _, talk := range conversations(c.Packets) {
		if talk.proto == "tcp" {
			all = append(all, wire.tcp(talk)...)
		} else {
			all = append(all, wire.udp(talk)...)
		}
	}
	slices.SortStableFunc(all, func(a, b frame) int { return a.at.Compare(b.at) })
	wire.number(all)
	annotate(all, c.Notes)
	return all
}

// places are where frames were seen, in the order of their first.
func (c *Capture) places(frames []frame) []netip.Addr {
	var places []netip.Addr
	for _, f := range frames {
		if !slices.Contains(places, f.place) {
			places = append(places, f.place)
		}
	}
	return places
}

func (c *Capture) hostName(addr netip.Addr) string {
	for _, h := range c.Hosts {
		if h.Addr == addr {
			return h.Name
		}
	}
	return addr.String()
}

// secrets are the lines of the key log, each once.
func (c *Capture) secrets() []byte {
	seen := map[string]bool{}
	var out []byte
	for line := range bytes.Lines(c.Secrets) {
		if key := strings.TrimSpace(string(line)); key != "" && !seen[key] {
			seen[key] = true
			out = append(append(out, key...), '\n')
		}
	}
	return out
}

// annotate puts notes onto frames.
func annotate(frames []frame, notes []Note) {
	for _, n := range notes {
		if i := n.frame(frames); i >= 0 {
			frames[i].comments = append(frames[i].comments, n.Text)
		}
	}
}

// frame is the place of the one that a note is about, -1 for none.
func (n Note) frame(frames []frame) int {
	from, _ := slices.BinarySearchFunc(frames, n.At, func(f frame, at time.Time) int { return f.at.Compare(at) })
	if n.Last {
		for from < len(frames) && frames[from].at.Equal(n.At) {
			from++
		}
		return n.before(frames, from)
	}
	for i := from; i < len(frames); i++ {
		if n.about(&frames[i]) {
			return i
		}
	}
	return n.before(frames, from)
}

func (n Note) before(frames []frame, end int) int {
	for i := end - 1; i >= 0; i-- {
		if n.about(&frames[i]) {
			return i
		}
	}
	return -1
}

func (n Note) about(f *frame) bool {
	for _, end := range []netip.AddrPort{f.src, f.dst} {
		if !n.Flow.IsValid() || end.Addr() == n.Flow.Addr() && (n.Flow.Port() == 0 || n.Flow.Port() == end.Port()) {
			return true
		}
	}
	return false
}
