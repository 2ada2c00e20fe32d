package client

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"rehearse/proxy/wire"
	"rehearse/reports/journal"
)

// maxSIP is the largest SIP message that is read, in bytes.
const maxSIP = 1 << 20

// readSIP reads one message and skips keep-alives before it. An HTTP answer in
// its place, as an interceptor gives that takes what it decrypted for HTTP, is a
// *stop that refuses with its status.
func readSIP(r *bufio.Reader) (sip.Message, error) {
	if err := skipKeepAlives(r); err != nil {
		return nil, err
	}
	if start, err := r.Peek(len("HTTP/")); err == nil && string(start) == "HTTP/" {
		return nil, readHTTP(r)
	}
	head, err := readHead(r)
	if err != nil {
		return nil, err
	}
	size := 0
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, _ := strings.Cut(string(line), ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "content-length", "l":
			if size, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || size < 0 || size > maxSIP {
				return nil, &wire.Error{Message: "SIP message", Field: "Content-Length", Got: strings.TrimSpace(value), Want: fmt.Sprintf("a number up to %d", maxSIP)}
			}
		}
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	m, err := parser().ParseSIP(append(head, body...))
	if err != nil {
		return nil, err
	}
	return m, nil
}

// parser leaves addresses as they are written: signatures are over that text.
func parser() *sip.Parser {
	all, some := sip.DefaultHeadersParser(), map[string]sip.HeaderParser{}
	for _, name := range []string{"call-id", "i", "cseq", "content-length", "l"} {
		some[name] = all[name]
	}
	return sip.NewParser(sip.WithHeadersParsers(some))
}

func skipKeepAlives(r *bufio.Reader) error {
	for {
		b, err := r.Peek(1)
		if err != nil || (b[0] != '\r' && b[0] != '\n') {
			return err
		}
		r.Discard(1)
	}
}

// readHead reads up to and with the empty line.
func readHead(r *bufio.Reader) ([]byte, error) {
	var head []byte
	for {
		line, err := r.ReadSlice('\n')
		head = append(head, line...)
		switch {
		case err == bufio.ErrBufferFull:
			err = nil
		case err == nil && len(bytes.TrimRight(line, "\r\n")) == 0:
			return head, nil
		}
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if len(head) > maxSIP {
			return nil, &wire.Error{Message: "SIP message", Field: "header", Offset: len(head), Got: "no end of the header", Want: fmt.Sprintf("one within %d bytes", maxSIP)}
		}
	}
}

// readHTTP reads an HTTP answer that stands where a SIP message should.
func readHTTP(r *bufio.Reader) error {
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	s := &stop{result: journal.Refused, code: "http_" + strconv.Itoa(res.StatusCode), note: "an HTTP answer in place of a SIP one"}
	if id := pageCode(res); id != s.code {
		s.note += ", " + id
	}
	return s
}
