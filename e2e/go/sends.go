package main

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// filled makes the scenario's topic with that many queues and sends the first "count" samples to it.
func filled(r *run, queues, count int) (rocketmq.Producer, error) {
	if err := r.makeTopic(queues); err != nil {
		return nil, err
	}
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	_, err = sendEach(p, r.topic(), 0, count)
	return p, err
}

// sendEach sends samples one after the other and returns the answers by number.
func sendEach(p rocketmq.Producer, topic string, first, count int) (map[int]*primitive.SendResult, error) {
	results := map[int]*primitive.SendResult{}
	for n := first; n < first+count; n++ {
		result, err := p.SendSync(context.Background(), sample(topic, n))
		if err != nil {
			return nil, fmt.Errorf("send %d: %w", n, err)
		}
		if result.Status != primitive.SendOK {
			return nil, fmt.Errorf("send %d: status %d", n, result.Status)
		}
		results[n] = result
	}
	return results, nil
}

func sendSync(r *run) (figures, error) {
	count := r.number("count", 60)
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	results, err := sendEach(p, r.topic(), 0, count)
	if err != nil {
		return nil, err
	}
	if err := dense(results); err != nil {
		return nil, err
	}
	return readBack(r, results, count)
}

// dense checks that a fresh topic's offsets are 0, 1, 2, … in each queue.
func dense(results map[int]*primitive.SendResult) error {
	queues := map[int][]int{}
	for _, result := range results {
		id := result.MessageQueue.QueueId
		queues[id] = append(queues[id], int(result.QueueOffset))
	}
	for id, offsets := range queues {
		sort.Ints(offsets)
		for i, offset := range offsets {
			if i != offset {
				return fmt.Errorf("queue %d: offset %d instead of %d", id, offset, i)
			}
		}
	}
	return nil
}

// readBack opens a push consumer, waits for all messages and compares them with the answers to the sends.
func readBack(r *run, results map[int]*primitive.SendResult, count int) (figures, error) {
	in := newInbox(r.topic())
	if _, err := in.open(r, r.group("consumer"), "*"); err != nil {
		return nil, err
	}
	if err := in.await(count); err != nil {
		return nil, err
	}
	for n, result := range results {
		if err := comparePromise(result, in.byNumber[n]); err != nil {
			return nil, err
		}
	}
	return figures{"sent": count}, nil
}

func sendAsync(r *run) (figures, error) {
	count := r.number("count", 500)
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	results, err := sendEach(p, r.topic(), 0, 1)
	if err != nil {
		return nil, err
	}
	var lock sync.Mutex
	var all sync.WaitGroup
	var failure error
	inFlight := make(chan struct{}, 64)
	for n := 1; n < count; n++ {
		number := n
		inFlight <- struct{}{}
		all.Add(1)
		err := p.SendAsync(context.Background(), func(_ context.Context, result *primitive.SendResult, err error) {
			lock.Lock()
			defer lock.Unlock()
			if err != nil {
				failure = err
			}
			results[number] = result
			<-inFlight
			all.Done()
		}, sample(r.topic(), n))
		if err != nil {
			return nil, fmt.Errorf("asynchronous send %d: %w", n, err)
		}
	}
	all.Wait()
	if failure != nil {
		return nil, fmt.Errorf("asynchronous send: %w", failure)
	}
	return readBack(r, results, count)
}

func sendOneway(r *run) (figures, error) {
	count := r.number("count", 200)
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	if _, err := sendEach(p, r.topic(), 0, 1); err != nil {
		return nil, err
	}
	for n := 1; n < count; n++ {
		if err := p.SendOneWay(context.Background(), sample(r.topic(), n)); err != nil {
			return nil, fmt.Errorf("one-way send %d: %w", n, err)
		}
	}
	return readBack(r, nil, count)
}

func sendBatch(r *run) (figures, error) {
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	count := 0
	first := map[int]*primitive.SendResult{}
	for _, size := range []int{1, 2, 100} {
		var batch []*primitive.Message
		for i := 0; i < size; i++ {
			batch = append(batch, sample(r.topic(), count+i))
		}
		result, err := p.SendSync(context.Background(), batch...)
		if err != nil {
			return nil, fmt.Errorf("batch of %d: %w", size, err)
		}
		if ids := strings.Split(result.OffsetMsgID, ","); len(ids) != size {
			return nil, fmt.Errorf("batch of %d: %d offset message ids", size, len(ids))
		}
		first[count] = result
		count += size
	}
	in := newInbox(r.topic())
	if _, err := in.open(r, r.group("consumer"), "*"); err != nil {
		return nil, err
	}
	if err := in.await(count); err != nil {
		return nil, err
	}
	for n, result := range first {
		for i := range strings.Split(result.OffsetMsgID, ",") {
			arrived := in.byNumber[n+i]
			if arrived.Queue.QueueId != result.MessageQueue.QueueId || arrived.QueueOffset != result.QueueOffset+int64(i) {
				return nil, fmt.Errorf("message %d of the batch at %v arrived in queue %d at %d", i, result, arrived.Queue.QueueId, arrived.QueueOffset)
			}
		}
	}
	return figures{"sent": count}, nil
}
