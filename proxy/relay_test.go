package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy"
	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// spied is a TCP connection that tells what is copied into it.
type spied struct {
	*net.TCPConn
	sources chan string
}

func (s spied) ReadFrom(r io.Reader) (int64, error) {
	s.sources <- fmt.Sprintf("%T", r)
	return s.TCPConn.ReadFrom(r)
}

var _ = Describe("a tunnel between TCP sockets", func() {
	It("is left to the kernel: a socket is copied into a socket, with nothing of ours between", func() {
		origin := echoing()
		front, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		defer front.Close()
		client, err := net.Dial("tcp", front.Addr().String())
		Expect(err).NotTo(HaveOccurred())
		defer client.Close()
		accepted, err := front.Accept()
		Expect(err).NotTo(HaveOccurred())
		sources := make(chan string, 4)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			tunnelling().Serve(context.Background(), spied{accepted.(*net.TCPConn), sources}, proxy.Target{Service: proxy.Service{Kind: proxy.ExplicitHTTP}})
		}()
		fmt.Fprintf(client, "CONNECT %s HTTP/1.1\r\n\r\nearly", origin)
		in := bufio.NewReader(client)
		Expect(http.ReadResponse(in, &http.Request{Method: http.MethodConnect})).To(HaveField("StatusCode", 200))
		Expect(in.Peek(5)).To(Equal([]byte("early")))
		// What package net hands to its own ReadFrom, to splice, is no type of ours.
		Eventually(sources).Should(Receive(HavePrefix("net.")))
		client.Close()
		<-ended
	})

	It("carries much, both ways, and its end", func() {
		p := tunnelling()
		front, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		defer front.Close()
		go p.Listen(context.Background(), front, proxy.Service{Kind: proxy.ExplicitHTTP})
		c, err := net.Dial("tcp", front.Addr().String())
		Expect(err).NotTo(HaveOccurred())
		defer c.Close()
		fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\n\r\n", echoing())
		in := bufio.NewReader(c)
		Expect(http.ReadResponse(in, &http.Request{Method: http.MethodConnect})).To(HaveField("StatusCode", 200))
		const size = 8 << 20
		go func() {
			io.Copy(c, strings.NewReader(strings.Repeat("x", size)))
			c.(*net.TCPConn).CloseWrite()
		}()
		Expect(io.Copy(io.Discard, in)).To(Equal(int64(size)))
	})
})

// echoing is the address of a server that sends back what it gets.
func echoing() net.Addr {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(l.Close)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); io.Copy(c, c) }()
		}
	}()
	return l.Addr()
}

// tunnelling is an interceptor on real sockets that tunnels every CONNECT.
func tunnelling() *proxy.Proxy {
	file, _ := cpl.Parse("test.cpl", []byte("<Proxy>\n ALLOW\n")) // a CONNECT to any port
	program, list := policy.Compile([]*cpl.File{file}, policy.Options{Release: cpl.MustRelease("6.5.10.1")})
	Expect(list.HasErrors()).To(BeFalse(), "%v", list)
	p := proxy.New(proxy.Config{
		Host: &proxy.OSHost{Label: "proxy"}, Release: cpl.MustRelease("6.5.10.1"), Policy: program, Now: time.Now,
		Limits: proxy.Limits{Idle: time.Minute},
	})
	DeferCleanup(p.Close)
	return p
}

var _ = Describe("requests through the interceptor", func() {
	// exchange sends text in a tunnel to site.test, decrypted on the way, where origin
	// answers each request.
	exchange := func(origin func(*bufio.ReadWriter, *http.Request), f func(c net.Conn, in *bufio.Reader)) {
		serving := func(c net.Conn) {
			rw := bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(c))
			for {
				req, err := http.ReadRequest(rw.Reader)
				if err != nil {
					return
				}
				origin(rw, req)
				rw.Flush()
				if req.Close {
					return
				}
			}
		}
		standing(setup{policy: httpsObject, detect: true, origin: serving, certify: plainTLS}, func(st *stand) {
			c, _, _ := st.dial("site.test:443")
			t, err := st.secure(c, "site.test")
			Expect(err).NotTo(HaveOccurred())
			f(t, bufio.NewReader(t))
		})
	}

	It("stream: what an origin sends comes at once, and so does what a client sends", func() {
		exchange(func(rw *bufio.ReadWriter, req *http.Request) {
			rw.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			rw.Flush()
			buf := make([]byte, 64)
			for {
				n, err := req.Body.Read(buf)
				if n > 0 {
					fmt.Fprintf(rw, "%x\r\n%s\r\n", n, buf[:n])
					rw.Flush()
				}
				if err != nil {
					rw.WriteString("0\r\n\r\n")
					return
				}
			}
		}, func(c net.Conn, in *bufio.Reader) {
			io.WriteString(c, "POST / HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
			time.Sleep(time.Second)
			io.WriteString(c, "0\r\n\r\n")
			resp, err := http.ReadResponse(in, nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(io.ReadAll(resp.Body)).To(Equal([]byte("one")))
		})
	})

	It("lose what is meant for one connection, and keep the rest", func() {
		exchange(func(rw *bufio.ReadWriter, req *http.Request) {
			names := fmt.Sprint(req.Header["X-Hop"], req.Header["Keep-Alive"], req.Header["Proxy-Connection"], req.Header["X-Kept"])
			fmt.Fprintf(rw, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(names), names)
		}, func(c net.Conn, in *bufio.Reader) {
			io.WriteString(c, "GET / HTTP/1.1\r\nHost: site.test\r\nConnection: keep-alive, X-Hop\r\nX-Hop: a\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nX-Kept: b\r\n\r\n")
			resp, err := http.ReadResponse(in, nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(io.ReadAll(resp.Body)).To(Equal([]byte("[] [] [] [b]")))
		})
	})

	It("are answered without chunks where the client speaks HTTP/1.0", func() {
		exchange(func(rw *bufio.ReadWriter, req *http.Request) {
			rw.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
		}, func(c net.Conn, in *bufio.Reader) {
			io.WriteString(c, "GET / HTTP/1.0\r\nHost: site.test\r\nConnection: keep-alive\r\n\r\n")
			answer, _ := io.ReadAll(in)
			Expect(string(answer)).To(And(HaveSuffix("\r\n\r\nabc"), Not(ContainSubstring("chunked"))))
		})
	})

	It("end with their connection when the origin closed it in the meantime", func() {
		exchange(func(rw *bufio.ReadWriter, req *http.Request) {
			rw.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			req.Close = true // without saying so
		}, func(c net.Conn, in *bufio.Reader) {
			io.WriteString(c, getRequest)
			Expect(http.ReadResponse(in, nil)).To(HaveField("StatusCode", 200))
			time.Sleep(time.Second)
			io.WriteString(c, getRequest)
			_, err := in.ReadByte()
			Expect(err).To(MatchError(io.EOF))
		})
	})

	It("are repeated in clear when the origin closed a kept connection", func() {
		once := func(c net.Conn) {
			r := bufio.NewReader(c)
			if _, err := http.ReadRequest(r); err == nil {
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}
		}
		standing(setup{origin: once}, func(st *stand) {
			c, err := st.client.Dial(context.Background(), "tcp", "10.1.0.1:8080")
			Expect(err).NotTo(HaveOccurred())
			in := bufio.NewReader(c)
			for range 3 {
				io.WriteString(c, "GET http://site.test:443/ HTTP/1.1\r\nHost: site.test\r\n\r\n")
				Expect(http.ReadResponse(in, nil)).To(HaveField("StatusCode", 200))
				time.Sleep(time.Second)
			}
		})
	})

	It("are refused when an origin's header does not end", func() {
		exchange(func(rw *bufio.ReadWriter, req *http.Request) {
			rw.WriteString("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 200<<10))
		}, func(c net.Conn, in *bufio.Reader) {
			io.WriteString(c, getRequest)
			Expect(http.ReadResponse(in, nil)).To(HaveField("StatusCode", 502))
		})
	})
})

var _ = Describe("the machine as a host", func() {
	It("has names of its own, with ports, and refuses addresses", func() {
		at := echoing().(*net.TCPAddr).AddrPort()
		h := &proxy.OSHost{Hosts: map[string]netip.AddrPort{"site.test": at}}
		c, err := h.Dial(context.Background(), "tcp", "Site.Test.:443")
		Expect(err).NotTo(HaveOccurred())
		c.Close()
		Expect(h.Resolve(context.Background(), "site.test")).To(Equal([]netip.Addr{at.Addr()}))
		h.Refuse = func(to netip.AddrPort) error { return fmt.Errorf("not to %s", to) }
		_, err = h.Dial(context.Background(), "tcp", "site.test:443")
		Expect(err).To(MatchError(ContainSubstring("not to " + at.String())))
	})
})
