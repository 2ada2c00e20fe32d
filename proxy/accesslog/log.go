package accesslog

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Header is what the first lines of a log say.
type Header struct {
	Software  string // "SGOS 6.5.10.1"
	Serial    string // the appliance's number
	Appliance string // its name
	Addr      netip.Addr
	Log       string // the log's name, "main"
	Time      time.Time
}

// Log is one log in one format. It is safe for concurrent use.
type Log struct {
	format Format
	box    uint64

	mu     sync.Mutex
	to     io.Writer
	line   []byte
	broken bool // a line was cut short
}

// New begins a log: its header is written at once. Box tells this log's transaction
// UUIDs from another's.
func New(to io.Writer, format Format, h Header, box uint64) (*Log, error) {
	l := &Log{format: format, box: box, to: to}
	return l, l.Begin(to, h)
}

// Begin goes on in another writer, with a header of its own.
func (l *Log) Begin(to io.Writer, h Header) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to, l.broken = to, false
	at := h.Time.UTC().Format(time.DateTime)
	return l.write(fmt.Appendf(l.line[:0],
		"#Software: %s\n#Version: 1.0\n#Start-Date: %s\n#Date: %s\n#Fields: %s\n#Remark: %s %q %q %q\n",
		h.Software, at, at, strings.Join(l.format.Fields(), " "), h.Serial, h.Appliance, address(h.Addr), h.Log))
}

// Write adds a record. Each line is one write; after one that failed the next begins
// a line of its own.
func (l *Log) Write(r *Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = l.line[:0]
	if l.broken {
		l.line = append(l.line, '\n')
	}
	return l.write(l.format.appendLine(l.line, r, l))
}

// longestKept bounds the buffer that is kept for the next line.
const longestKept = 16 << 10

func (l *Log) write(line []byte) error {
	n, err := l.to.Write(line)
	l.broken = n > 0 && n < len(line) || n == 0 && l.broken && err != nil
	if cap(line) <= longestKept {
		l.line = line
	}
	return err
}
