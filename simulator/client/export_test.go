package client

import (
	"bufio"
	"bytes"

	"github.com/emiago/sipgo/sip"
)

// ReadSIP reads one message from b.
func ReadSIP(b []byte) (sip.Message, error) { return readSIP(bufio.NewReader(bytes.NewReader(b))) }

// MeetingLink finds the conf: link of a meeting page, "" when it has none.
func MeetingLink(page []byte) string { return linkIn(page) }
