package gateway_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy"
	"rehearse/proxy/gateway"
)

// manners are ways in which clients behave that nobody would wish for. Each gets a
// connection to an explicit service, and leaves it in any state.
func manners() map[string]func(c net.Conn) {
	connect := func(c net.Conn) *bufio.Reader {
		fmt.Fprintf(c, "CONNECT site.test:443 HTTP/1.1\r\n\r\n")
		in := bufio.NewReader(c)
		http.ReadResponse(in, &http.Request{Method: http.MethodConnect})
		return in
	}
	return map[string]func(net.Conn){
		"says nothing":              func(net.Conn) {},
		"says nothing and hangs up": func(c net.Conn) { c.(*net.TCPConn).CloseWrite() },
		"resets at once":            func(c net.Conn) { c.(*net.TCPConn).SetLinger(0); c.Close() },
		"sends garbage":             func(c net.Conn) { c.Write([]byte("\x00\xff\r\n\r\ngarbage\r\n\r\n")) },
		"stops in a request line":   func(c net.Conn) { io.WriteString(c, "GET http://pl") },
		"stops in a header":         func(c net.Conn) { io.WriteString(c, "GET http://plain.test/ HTTP/1.1\r\nHost: pl") },
		"stops in a body": func(c net.Conn) {
			io.WriteString(c, "POST http://plain.test/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")
		},
		"chunks that are none": func(c net.Conn) {
			io.WriteString(c, "POST http://plain.test/upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
		},
		"two lengths": func(c net.Conn) {
			io.WriteString(c, "POST http://plain.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx")
		},
		"a name that is none": func(c net.Conn) { io.WriteString(c, "CONNECT nowhere.invalid:443 HTTP/1.1\r\n\r\n\x16\x03\x01") },
		"a port that refuses": func(c net.Conn) { io.WriteString(c, "CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\nodd") },
		"half a hello":        func(c net.Conn) { connect(c); c.Write([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")) },
		"a hello without end": func(c net.Conn) {
			connect(c)
			c.Write([]byte("\x16\x03\x01\x40\x00\x01\x00\xff\xff" + strings.Repeat("x", 20000)))
		},
		"a hello that is a lie": func(c net.Conn) { connect(c); c.Write([]byte("\x16\x03\x01\x00\x04\x01\x00\x00\x00")) },
		"a hello and gone": func(c net.Conn) {
			connect(c)
			t := tls.Client(c, &tls.Config{ServerName: "site.test"})
			t.SetDeadline(time.Now().Add(time.Millisecond))
			t.Handshake()
		},
		"TLS and then nothing": func(c net.Conn) {
			connect(c)
			tls.Client(c, &tls.Config{ServerName: "site.test", InsecureSkipVerify: true}).Handshake()
		},
		"TLS and garbage": func(c net.Conn) {
			connect(c)
			t := tls.Client(c, &tls.Config{ServerName: "site.test", InsecureSkipVerify: true})
			if t.Handshake() == nil {
				t.Write([]byte("\x00\x01\x02\r\n\r\n"))
			}
		},
		"names without end": func(c net.Conn) {
			connect(c)
			tls.Client(c, &tls.Config{ServerName: fmt.Sprintf("a%p.test", c), InsecureSkipVerify: true}).Handshake()
		},
		"asks and does not read": func(c net.Conn) {
			for range 50 {
				io.WriteString(c, "GET http://plain.test/"+strings.Repeat("x", 1000)+" HTTP/1.1\r\nHost: x\r\n\r\n")
			}
		},
	}
}

var _ = Describe("a crowd of odd clients", func() {
	It("is served to the end, leaves nothing behind, and nobody else notices", func() {
		var mistakes atomic.Int32
		r := opened(intercept, func(c *gateway.Config) {
			c.Note = func(format string, args ...any) {
				if strings.Contains(format, "mistake") {
					mistakes.Add(1)
					GinkgoWriter.Printf(format, args...)
				}
			}
			c.MaxConnections = 1000
			c.Proxy.Limits = proxy.Limits{Idle: 200 * time.Millisecond}
			c.Proxy.DetectTimeout = 200 * time.Millisecond
		})
		Expect(get(r.client(), "https://site.test/before")).To(Equal("200 /before"))
		goroutines, files := runtime.NumGoroutine(), descriptors()
		var crowd sync.WaitGroup
		for range 5 {
			for _, behave := range manners() {
				crowd.Go(func() {
					c, err := net.Dial("tcp", r.Addr().String())
					if err != nil {
						return
					}
					defer c.Close()
					behave(c)
					c.SetReadDeadline(time.Now().Add(2 * time.Second))
					io.Copy(io.Discard, c)
				})
			}
		}
		Expect(get(r.client(), "https://site.test/during")).To(Equal("200 /during"))
		crowd.Wait()
		Eventually(r.Connections, "10s").Should(BeNumerically("<=", 2))
		Eventually(runtime.NumGoroutine, "10s").Should(BeNumerically("<=", goroutines+15))
		Eventually(descriptors, "10s").Should(BeNumerically("<=", files+15))
		Expect(get(r.client(), "https://site.test/after")).To(Equal("200 /after"))
		Expect(mistakes.Load()).To(BeZero())
	})
})

// descriptors are how many files and sockets the process has open, 0 where that is
// not told.
func descriptors() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}
