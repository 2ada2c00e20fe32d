package capture

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"rehearse/proxy/wire"
)

// Reader reads one capture. Make it with Open. It is not safe for concurrent use.
type Reader struct {
	// Kind is "pcap" or "pcapng".
	Kind string
	// Zipped says that the file is gzipped.
	Zipped bool

	format  interface{ next(*Packet) error }
	packet  Packet
	packets int
	err     error
	About
}

// About is what a file says besides its packets. It grows while they are read.
type About struct {
	Sections   int
	Interfaces []Interface
	// Names are those of Name Resolution Blocks, the first for each address.
	Names Names
	// Secrets is the text of Decryption Secrets Blocks with TLS keys, in the format
	// of SSLKEYLOGFILE.
	Secrets []byte
	// Comments are those of sections, interfaces, names and statistics. Those of
	// packets come with the packets.
	Comments []string
}

// Limits on what is kept of About.
const (
	maxInterfaces = 1 << 16
	maxNames      = 1 << 16
	maxSecrets    = 16 << 20
	maxComments   = 1 << 12
	maxText       = 1 << 16 // the longest comment or name of anything
)

// ErrNotCapture is in the error of Open for a file of another kind.
var ErrNotCapture = errors.New("not a capture file")

// Open reads a file's first bytes. A file that has none, or is of another kind,
// gives an error that errors.Is ErrNotCapture.
func Open(src io.Reader) (*Reader, error) {
	r := new(Reader)
	src, err := r.unzip(src)
	if err != nil {
		return nil, err
	}
	w := newWindow(src)
	magic := w.peek(4)
	if err := w.failure(); err != nil && len(magic) < 4 {
		return nil, fmt.Errorf("%w: %w", ErrNotCapture, err)
	}
	if len(magic) < 4 {
		return nil, fmt.Errorf("%w: it has %s", ErrNotCapture, wire.Bytes(len(magic)))
	}
	if binary.BigEndian.Uint32(magic) == blockSection {
		r.Kind, r.format = "pcapng", &pcapng{window: w, about: &r.About}
		return r, nil
	}
	p, err := openPcap(w)
	if err != nil {
		return nil, err
	}
	r.Kind, r.format = "pcap", p
	r.Sections, r.Interfaces = 1, []Interface{{Link: p.link, SnapLength: p.snap}}
	return r, nil
}

// unzip looks for gzip and undoes it.
func (r *Reader) unzip(src io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(src, 64<<10)
	if magic, _ := b.Peek(3); string(magic) != "\x1f\x8b\x08" {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("%w: gzip: %w", ErrNotCapture, err)
	}
	r.Zipped = true
	return z, nil
}

// Next gives the next packet, which is valid until the call after. Behind the last
// one the error is io.EOF; where the file breaks it is a *Damage; where reading
// fails, that error. All of them stay.
func (r *Reader) Next() (*Packet, error) {
	if r.err != nil {
		return nil, r.err
	}
	r.packet = Packet{}
	if r.err = r.format.next(&r.packet); r.err != nil {
		var d *Damage
		if errors.As(r.err, &d) {
			d.After = r.packets
		}
		return nil, r.err
	}
	r.packets++
	r.packet.Number = r.packets
	return &r.packet, nil
}

// Packets is how many packets have been read.
func (r *Reader) Packets() int { return r.packets }
