console.log(work(9000000));
