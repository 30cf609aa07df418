package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

const replyTimeout = 20 * time.Second

// replies are what came back, by the number of the request.
type replies struct {
	sync.Mutex
	bodies  map[int]string
	failure error
}

func (a *replies) take(n int, reply *primitive.Message, err error) {
	a.Lock()
	defer a.Unlock()
	if err == nil && reply == nil {
		err = fmt.Errorf("no reply and no error")
	}
	if err != nil {
		a.failure = fmt.Errorf("request %d: %w", n, err)
		return
	}
	a.bodies[n] = string(reply.Body)
}

func (a *replies) state() (int, error) {
	a.Lock()
	defer a.Unlock()
	return len(a.bodies), a.failure
}

// requests: odd ones wait for their reply, even ones have a callback; one that nobody answers ends after its time.
func requests(r *run) (figures, error) {
	count := 40
	if err := r.makeTopic(4); err != nil {
		return nil, err
	}
	if err := replier(r, count); err != nil {
		return nil, err
	}
	asker, err := r.producer()
	if err != nil {
		return nil, err
	}
	if err := awaitWayBack(asker, r.topic(), count+1); err != nil {
		return nil, err
	}
	got := &replies{bodies: map[int]string{}}
	var waiting sync.WaitGroup
	for n := 0; n < count; n++ {
		number := n
		if n%2 == 0 {
			answered := func(_ context.Context, reply *primitive.Message, err error) { got.take(number, reply, err) }
			if err := asker.RequestAsync(context.Background(), replyTimeout, answered, sample(r.topic(), n)); err != nil {
				return nil, fmt.Errorf("request %d: %w", n, err)
			}
			continue
		}
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			reply, err := asker.Request(context.Background(), replyTimeout, sample(r.topic(), number))
			got.take(number, reply, err)
		}()
	}
	waiting.Wait()
	if err := await(func() bool { size, failure := got.state(); return failure != nil || size == count },
		func() string { size, _ := got.state(); return fmt.Sprintf("%d replies, there are %d", count, size) }); err != nil {
		return nil, err
	}
	if _, failure := got.state(); failure != nil {
		return nil, failure
	}
	for n, body := range got.bodies {
		if body != fmt.Sprintf("reply to %d", n) {
			return nil, fmt.Errorf("the reply to %d is %q", n, body)
		}
	}
	if reply, err := asker.Request(context.Background(), time.Second, sample(r.topic(), count)); err == nil {
		return nil, fmt.Errorf("a request that nobody answers has the reply %v", reply)
	}
	return figures{"replies": count}, nil
}

// awaitWayBack asks until there is a reply: a producer's first heartbeat, by which the broker knows where its replies go,
// comes a second after its start.
func awaitWayBack(asker rocketmq.Producer, topic string, n int) error {
	var last error
	for end := time.Now().Add(deadline); time.Now().Before(end); {
		_, err := asker.Request(context.Background(), time.Second, sample(topic, n))
		if err == nil {
			return nil
		}
		last = err
	}
	return fmt.Errorf("no reply within %v: %w", deadline, last)
}

// replier answers all requests but number count.
func replier(r *run, count int) error {
	p, err := r.producer(producer.WithGroupName(r.group("replier")))
	if err != nil {
		return err
	}
	_, err = r.pushConsumer(r.group("consumer"), "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			n := numberOf(message)
			if n == count {
				continue
			}
			// One above is asked again and again until it gets its reply.
			if err := reply(p, message, fmt.Sprintf("reply to %d", n)); err != nil && n < count {
				return consumer.ConsumeRetryLater, err
			}
		}
		return consumer.ConsumeSuccess, nil
	})
	return err
}

func reply(p rocketmq.Producer, request *primitive.MessageExt, body string) error {
	// The body that is given here would be read as properties.
	message, err := consumer.CreateReplyMessage(request, nil)
	if err != nil {
		return err
	}
	message.Body = []byte(body)
	_, err = p.SendSync(context.Background(), message)
	return err
}
