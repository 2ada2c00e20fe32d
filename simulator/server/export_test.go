package server

import "github.com/emiago/sipgo/sip"

// Messages reads a SIP stream that arrives in two pieces, and gives its messages
// as text. ok is false when it broke off as no SIP.
func Messages(pieces ...[]byte) (out []string, ok bool) {
	parser := newParser()
	var buf []byte
	for _, p := range pieces {
		buf = append(buf, p...)
		for {
			var msg sip.Message
			var err error
			if msg, buf, err = nextMessage(parser, buf); err != nil {
				return out, false
			}
			if msg == nil {
				break
			}
			out = append(out, msg.String())
		}
	}
	return out, true
}

// Raw is the first element of a name in a message, as it is written.
func Raw(message []byte, name string) []byte { return raw(message, name) }

// Credentials are those that MRAS would hand out.
func (e *Estate) Credentials() (username, password []byte) {
	t := e.tickets.issue(e.Now(), ticketMinutes)
	return t.username, t.password
}
