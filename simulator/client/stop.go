package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
)

// stop is where and why a step ended early. It is an error, so that stages hand
// it on as one.
type stop struct {
	stage  journal.Stage
	result journal.Result
	code   string
	note   string // added to the code's words, "ms-diagnostics 1010"
}

func (s *stop) Error() string {
	return fmt.Sprintf("%s %s %s", s.stage, s.result, s.code)
}

// words is the stop as the end of a sentence.
func (s *stop) words() string {
	words := reason(s.code)
	if s.note != "" {
		words += " (" + s.note + ")"
	}
	return words
}

// refuse stops at the walk's stage because somebody else said no.
func (w *walk) refuse(code, note string) *stop {
	return &stop{stage: w.stage, result: journal.Refused, code: code, note: note}
}

// abort stops at the walk's stage because the client hangs up.
func (w *walk) abort(code, note string) *stop {
	return &stop{stage: w.stage, result: journal.Aborted, code: code, note: note}
}

// fail stops at the walk's stage because of an error of the network or of TLS. A
// *stop inside err stands as it is, but for a missing stage.
func (w *walk) fail(err error) *stop {
	var s *stop
	if errors.As(err, &s) {
		at := *s
		if at.stage == "" {
			at.stage = w.stage
		}
		return &at
	}
	result, code := classify(err)
	return &stop{stage: w.stage, result: result, code: code}
}

// classify gives the result and code of a failure on the network.
func classify(err error) (journal.Result, string) {
	var name *net.DNSError
	var record tls.RecordHeaderError
	switch alert, received, _ := tlshello.AlertOf(err); {
	case received:
		return journal.Refused, "alert_" + tlshello.AlertName(alert)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, os.ErrDeadlineExceeded),
		errors.Is(err, syscall.ETIMEDOUT):
		return journal.Timeout, codeTimeout
	case errors.As(err, &name) && name.IsTimeout:
		return journal.Timeout, codeDNSTimeout
	case errors.As(err, &name):
		return journal.Refused, codeNoName
	case errors.Is(err, syscall.ECONNREFUSED):
		return journal.Refused, codeRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return journal.Refused, codeReset
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return journal.Refused, codeUnreachable
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return journal.Refused, codeClosed
	case errors.As(err, &record):
		return journal.Refused, codeNoTLS
	default:
		return journal.Aborted, codeProtocol
	}
}
